# Everything that proves something. `make test` is of commit size; `make torture` and `make fuzz`
# are what takes longer. Python drivers use only what Debian's python3 ships.

# Unit tests: tests/unit/<layer>_<what>.c links the archives of its layer and of those below, and
# nothing else: a unit test of ui that needed ncurses would not link.
LAYERS_base := base
LAYERS_core := core base
LAYERS_http := http base
LAYERS_balance := balance http base
LAYERS_io := io core base
LAYERS_client := client io core base
LAYERS_ui := ui core base
LAYERS_store := store core base
LAYERS_serve := serve http core base
LAYERS_model := model store core base
LAYERS_engine := engine io core base
LAYERS_demo := demo store engine io core base
LAYERS_work := work model store engine io core base
LAYERS_kinds := kinds work balance serve model store engine io http core base
PKGS_base :=
PKGS_core := jansson libcrypto libprotobuf-c
PKGS_http :=
PKGS_balance := libuv
PKGS_io := $(PKGS_core) libcurl -lwslay libuv yaml-0.1 libarchive $(PKGS_decoders)
PKGS_client := $(PKGS_io)
PKGS_ui := $(PKGS_core)
PKGS_store := $(PKGS_core) sqlite3
PKGS_serve := libuv jansson libssl libcrypto
PKGS_model := $(PKGS_store)
PKGS_engine := $(PKGS_io)
PKGS_demo := $(PKGS_engine) sqlite3
PKGS_work := $(PKGS_io) sqlite3
PKGS_kinds := $(PKGS_io) sqlite3 libssl

unit_names := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
unit_programs := $(addprefix $B/unit/,$(unit_names))
unit_layer = $(firstword $(subst _, ,$1))
test_support := $(patsubst tests/%.c,$O/tests/%.o,$(wildcard tests/*.c))

# What all unit tests of a layer share, where there is that.
store_apart := $(patsubst %,$O/tests/store_apart/%.o,apart memory other)
unit_kit_model := $O/tests/unit_kit/model.o $(store_apart)
unit_kit_work := $(unit_kit_model)
unit_kit_client := $O/tests/unit_kit/client.o
unit_kit_store := $O/tests/unit_kit/store.o $(store_apart)

define unit_rule
$B/unit/$1: $O/tests/unit/$1.o $(test_support) $(unit_kit_$(call unit_layer,$1)) $(call archives,$(LAYERS_$(call unit_layer,$1)))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(call libs,cmocka $(PKGS_$(call unit_layer,$1))) -lm -lpthread -ldl
endef
$(foreach u,$(unit_names),$(eval $(call unit_rule,$u)))

# The daemon on the store of tests/store_apart, beside the other programs as if built with it.
apart_objs := $(store_apart) $O/tests/store_apart/choice.o
apart: $B/apart/mltopd $B/apart/mltop $B/apart/mltop-shim
$B/apart/mltopd: $(filter-out $O/mltopd/platform_store.o,$(call layer_objs,mltopd)) $(apart_objs) $(call archives,$(LINK_mltopd))
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_mltopd)) -lm -lpthread -ldl
$B/apart/mltop $B/apart/mltop-shim: $B/apart/%: $B/%
	@mkdir -p $(@D)
	ln -sf ../$* $@

# The daemon whose engines answer questions about logs later, likewise.
late_objs := $(patsubst tests/%.c,$O/tests/%.o,$(wildcard tests/engine_late/*.c))
late: $B/late/mltopd $B/late/mltop $B/late/mltop-shim
$B/late/mltopd: $(call layer_objs,mltopd) $(late_objs) $(call archives,$(LINK_mltopd))
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -Wl,--wrap=engine_find -o $@ $^ $(call libs,$(PKGS_mltopd)) -lm -lpthread -ldl
$B/late/mltop $B/late/mltop-shim: $B/late/%: $B/%
	@mkdir -p $(@D)
	ln -sf ../$* $@

# The stand-in for NVIDIA's library, as it is now and as it was in old drivers: the folder is the place
# where a program finds it.
gpu_libraries := $B/gpu/libnvidia-ml.so.1 $B/gpu/before/libnvidia-ml.so.1
gpu: $(gpu_libraries)
$(gpu_libraries): tests/gpu/nvml.c src/engine/gpu/nvml_api.h
	@mkdir -p $(@D)
	$(CC) $(LANGUAGE) $(OPT) $(WARN) -D_GNU_SOURCE -Isrc $(if $(findstring /before/,$@),-DOLD_DRIVER) -fPIC -shared -Wl,-soname,libnvidia-ml.so.1 -o $@ $< -lpthread

# The balancer as a program of its own, for tests/balance and for make bench.
balancer: $B/tests/balancer
$B/tests/balancer: tests/balance/balancer.c $(call archives,balance http base)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(call libs,libuv) -lpthread -ldl

# Fuzz targets name the archives they link in their first line: /* links: core base */
fuzz_names := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_layers = $(filter-out links: /* */,$(shell head -n 1 tests/fuzz/fuzz_$1.c))
fuzz_pkgs = $(PKGS_$(firstword $(call fuzz_layers,$1)))
fuzz_programs := $(addprefix $B/fuzz/,$(fuzz_names))

define fuzz_rule
$B/fuzz/$1: $O/tests/fuzz/fuzz_$1.o $O/tests/fuzz/driver.o $(test_support) $(call archives,$(call fuzz_layers,$1) $(if $(filter base,$(call fuzz_layers,$1)),,base))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(call libs,$(call fuzz_pkgs,$1)) -lm -lpthread -ldl
build/libfuzzer/$1: $$(wildcard src/*/*.[ch] src/*/*/*.[ch]) $O/core/events/event.pb-c.c tests/fuzz/fuzz_$1.c | fuzz-deps
	@mkdir -p $$(@D)
	clang $(LANGUAGE) -g -O1 -D_GNU_SOURCE -DMLTOP_VERSION='"$(VERSION)"' $(INCLUDES) -Itests -fsanitize=fuzzer,address,undefined \
		-o $$@ tests/fuzz/fuzz_$1.c $(wildcard tests/*.c) $(foreach l,$(call folders,$(call fuzz_layers,$1)),$(wildcard src/$l/*.c) $(patsubst src/%.proto,$O/%.pb-c.c,$(wildcard src/$l/*.proto))) $$(call libs,$(call fuzz_pkgs,$1)) -lm -lpthread -ldl
endef
$(foreach f,$(fuzz_names),$(eval $(call fuzz_rule,$f)))

checks := $(wildcard tests/layers.sh tests/banned.sh tests/circles.py tests/plumbing.py)
suites := $(sort $(filter-out tests/disk/% tests/apart/% tests/parts/%,$(wildcard tests/*/*_test.py)))
# All of tests/api once more on the second store, but for what is about SQLite's file. The long ones run
# there in test-parts only: those about the HTTP front, which comes before any store, packages, what
# waits for chance, and what goes by an engine more than by the store.
on_apart = $(patsubst %,tests/api/%_test.py@apart,$1)
api_names := $(patsubst tests/api/%_test.py,%,$(wildcard tests/api/*_test.py))
long_names := http_guards proxies reused_backend filter_cost train_packages demo_jobs stream_more \
	models scalars samples nodes gpus quota_sum what_if turns full_disk
apart_suites := $(call on_apart,$(filter-out store $(long_names),$(api_names))) \
	$(addsuffix @apart,$(wildcard tests/apart/*_test.py))
JOBS ?= $(shell nproc)
# One program more than there are cores: many wait for a screen or a socket more than they compute.
RUN = /usr/bin/python3 tests/run.py -j $$(($(JOBS) + 1)) --build $B $(if $(ONLY),--only '$(ONLY)')

# The order puts the long ones first, so that two cores end together. ONLY=word: programs whose path
# has the word, and of the others the cases whose name has it.
test: deps
	+$(MAKE) --no-print-directory -j$(JOBS) all unit fuzzers apart late gpu balancer
	$(RUN) $(suites) $(apart_suites) $(unit_programs) $(fuzz_programs) $(checks)

# What is too long for each commit.
parts-deps:
	@sh packaging/deps.sh $(call missing,$(PARTS_DEPS))
test-parts: deps parts-deps
	+$(MAKE) --no-print-directory -j$(JOBS) all apart gpu
	/usr/bin/python3 tests/parts/environments.py
	MLTOP_PARTS=$${XDG_CACHE_HOME:-$$HOME/.cache}/mltop-tests $(RUN) $(wildcard tests/parts/*_test.py) tests/fault/daemon_test.py@apart $(addsuffix @apart,$(wildcard tests/cli/*_test.py)) $(call on_apart,$(long_names))

unit: $(unit_programs) $(gpu_libraries)
fuzzers: $(fuzz_programs)

# make unit-test, make suite-test S=tests/api/train_test.py: a part of it, without installing; with
# ONLY as above.
unit-test: all unit gpu
	$(RUN) $(unit_programs)
suite-test: all gpu balancer
	$(RUN) $S

T ?= 60
fuzz: $(addprefix build/libfuzzer/,$(fuzz_names))
	@for f in $(fuzz_names); do \
		mkdir -p build/corpus/$$f tests/fuzz/corpus/$$f; echo "== fuzz $$f for $(T) s"; \
		build/libfuzzer/$$f -max_total_time=$(T) -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
			build/corpus/$$f tests/fuzz/corpus/$$f || exit 1; done

torture: all gpu
	ROUNDS=$(or $(ROUNDS),2000) /usr/bin/python3 tests/run.py -j $(JOBS) --build $B --limit 86400 $(wildcard tests/fault/*_test.py)

# A disk that fails under database and logs; as root, where there is /dev/fuse.
$B/tests/faulty_fs: tests/disk/faulty_fs.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(shell pkg-config --cflags fuse3) -o $@ $< $(shell pkg-config --libs fuse3)
disk-deps:
	@sh packaging/deps.sh $(call missing,$(DISK_DEPS))
test-disk: disk-deps
	+$(MAKE) --no-print-directory all $B/tests/faulty_fs
	$(RUN) tests/disk/faults_test.py

# Puts each seeded defect into a copy of the tree; the test that guards it must turn red. ONLY=word:
# those with the word; CHANGED=1: those near the last change, and a third of the rest.
seeded: all unit fuzzers gpu balancer
	/usr/bin/python3 tests/seeded/run.py -j $(JOBS) --build $B $(if $(CHANGED),--changed) $(ONLY)

-include tests/golden/golden.mk
-include tests/bench/bench.mk
.PHONY: parts-deps apart late gpu balancer test test-parts test-disk disk-deps unit fuzzers unit-test suite-test fuzz torture seeded
