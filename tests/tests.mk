# Unit tests: tests/unit/<layer>_<what>.c links the archives of its layer and of those below, and
# nothing else: a unit test of ui that needed ncurses would not link.
UNIT_base := base
UNIT_core := core base
UNIT_io := io core base
UNIT_client := client io core base
UNIT_ui := ui core base
UNIT_store := store core base
UNIT_engine := engine io core base
UNITPKG_base :=
UNITPKG_core := jansson libcrypto
UNITPKG_io := jansson libcrypto libcurl libwebsockets libuv yaml-0.1
UNITPKG_client := $(UNITPKG_io)
UNITPKG_ui := jansson libcrypto
UNITPKG_store := jansson libcrypto sqlite3
UNITPKG_engine := $(UNITPKG_io) libarchive

unit_names := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
unit_programs := $(addprefix $B/unit/,$(unit_names))
unit_layer = $(firstword $(subst _, ,$1))

define unit_rule
$B/unit/$1: $O/tests/unit/$1.o $(call archives,$(UNIT_$(call unit_layer,$1)))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(call libs,cmocka $(UNITPKG_$(call unit_layer,$1))) -lm -lpthread -ldl
endef
$(foreach u,$(unit_names),$(eval $(call unit_rule,$u)))

unit: $(unit_programs)
.PHONY: unit
