# `make golden` writes the golden screens again: read the difference before you commit it.
golden: $B/unit/ui_golden
	GOLDEN_WRITE=1 $B/unit/ui_golden
.PHONY: golden
