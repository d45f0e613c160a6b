# make bench: what it takes, beside what others take, from one run. QUICK=1: smaller sizes, a minute.
# ONLY="dashboard log jobs older strain making" chooses parts. Nothing here fails because it was slow.
$B/bench/noop: tests/bench/noop.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--no-as-needed -o $@ $< $(call libs,$(PKGS_mltop)) -lm -lpthread -ldl
$B/bench/echo: tests/bench/echo.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(call libs,libwebsockets)

bench-deps:
	@sh packaging/deps.sh $(call missing,$(BENCH_DEPS))
bench: bench-deps
	+$(MAKE) --no-print-directory all $B/bench/noop $B/bench/echo
	@MLTOP_BUILD=$B QUICK=$(QUICK) /usr/bin/python3 tests/bench/bench.py $(ONLY)
.PHONY: bench bench-deps
