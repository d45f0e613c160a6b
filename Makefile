# mltop: one Makefile, no configure. `make` builds, `make run` shows, `make test` proves.
# Variants (DEBUG=1, SANITIZE=address,undefined) build in folders of their own.
CC ?= gcc
PREFIX ?= /usr/local
VERSION := 0.1.0

comma := ,
variant := $(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))$(if $(DEBUG),-debug)
B := build$(if $(variant),/v$(variant))
O := $B/o

# Of pkg-config's flags only -I and -l are taken: ncursesw's cflags carry -D_XOPEN_SOURCE, which
# hides what _GNU_SOURCE gives. -l stands for a library that Debian ships without a .pc file.
# What io unpacks archives with.
PKGS_decoders := zlib -lbz2 liblzma libzstd
PKGS_mltop := ncursesw libcurl -lwslay libuv jansson libcrypto yaml-0.1 libarchive $(PKGS_decoders)
PKGS_mltopd := libuv jansson libcrypto libssl sqlite3 yaml-0.1 libcurl libarchive libprotobuf-c \
	$(PKGS_decoders)
PKGS_shim :=
libs = $(if $1,$(filter -l%,$1) $(shell pkg-config --libs $(filter-out -l%,$1)))
INCLUDES := -Isrc -I$O $(sort $(filter -I%,$(shell pkg-config --cflags-only-I $(filter-out -l%,$(sort $(PKGS_mltop) $(PKGS_mltopd))) 2>/dev/null)))

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Wno-missing-field-initializers -Wformat=2 -Wundef
ifdef CI
WARN += -Werror
endif
HARDEN := -fstack-protector-strong -fPIE $(if $(SANITIZE)$(DEBUG),,-D_FORTIFY_SOURCE=2)
# Where each local is from one instruction to the next costs a tenth of a build; it is left out of
# optimised programs, and where exactly a statement begins. Their backtraces and lines stay; for
# locals and steps in a debugger there is DEBUG=1.
OPT = $(if $(DEBUG),-O0 -g,-O$(LEVEL) -g -fno-var-tracking -gno-statement-frontiers)
# What works on each byte, row, frame or cell is at -O2. All else (AT_1) is at -O1: no row of
# `make bench` tells the two apart, and it takes a fifth less to build.
LEVEL := 2
SAN := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CPPFLAGS += -D_GNU_SOURCE -DMLTOP_VERSION='"$(VERSION)"' $(INCLUDES)
# A struct may begin with another that has no name there (core/kinds/workload.h).
LANGUAGE := -std=c11 -fms-extensions -Wno-microsoft-anon-tag
ALL_CFLAGS = $(LANGUAGE) $(OPT) $(WARN) $(HARDEN) $(SAN) $(CFLAGS)
# Takes a third of the other linker's time where there is one.
GOLD := $(if $(variant),,$(if $(wildcard /usr/bin/ld.gold),-fuse-ld=gold))
ALL_LDFLAGS = -pie $(GOLD) -Wl,-z,relro,-z,now -Wl,--as-needed $(SAN) $(LDFLAGS)

# The system's headers that most files take in are read once for each level, which is part of what
# GCC keeps of them. A file names what it takes as ever: all variants (so lint, and the sanitised
# tests), clang and ccache read them in each file.
SYSTEM := stdarg.h stdbool.h stddef.h stdint.h string.h stdlib.h stdio.h errno.h time.h fcntl.h unistd.h \
	sys/stat.h jansson.h
compiler := $(realpath $(firstword $(wildcard $(addsuffix /$(CC),$(subst :, ,$(PATH))) $(filter /%,$(CC)))))
once := $(if $(variant),,$(findstring gcc,$(notdir $(compiler))))
taken = $(if $(once),-include $O/system-$(LEVEL).h)
kept := $(if $(once),$O/system-1.h.gch $O/system-2.h.gch)
# They are read anew when the compiler, a flag, a header or one of the packages is another.
read_by := $(subst ',,$(subst ",,$(compiler) $(CPPFLAGS) $(LANGUAGE) $(OPT) $(HARDEN) $(filter-out -W%,$(CFLAGS)) $(SYSTEM)))
ifneq ($(file <$O/system.by),$(read_by))
.PHONY: $O/system.by
endif
$O/system.by:
	@mkdir -p $(@D)
	@echo '$(read_by)' > $@
packages := $(subst :,\:,$(foreach p,libc6-dev linux-libc-dev libjansson-dev,$(wildcard /var/lib/dpkg/info/$p*.list)))
$O/system-%.h.gch: LEVEL = $*
$O/system-%.h.gch: $O/system.by $(packages)
	@printf '#include <%s>\n' $(SYSTEM) > $(@:.gch=)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MD -MP -MT $@ -MF $(@:.h.gch=.d) -x c-header -o $@ $(@:.gch=)

# Each folder is an archive (src/core/plan: libcore-plan.a); a program links those below it, top
# first. A layer of several folders has a line here.
FOLDERS_core := core/wire core/plan core/kinds core/schema core/usage core/service core/failure core/progress core/events \
	core/text
FOLDERS_engine := engine/fake engine/local engine/gpu engine
FOLDERS_ui := ui/screens ui/app ui/kit
folders = $(foreach l,$1,$(or $(FOLDERS_$l),$l))
layers := base core http io client ui store demo model engine serve balance work kinds
layer_objs = $(patsubst src/%.c,$O/%.o,$(wildcard src/$1/*.c)) \
	$(patsubst src/%.proto,$O/%.pb-c.o,$(wildcard src/$1/*.proto))
archive = $O/lib$(subst /,-,$1).a
archives = $(foreach f,$(call folders,$1),$(call archive,$f))
programs := $B/mltop $B/mltopd $B/mltop-shim
LINK_mltop := ui client io core base
LINK_mltopd := kinds work balance serve model demo store engine io http core base

all: $(programs)

$(foreach f,$(call folders,$(layers)),$(eval $(call archive,$f): $(call layer_objs,$f)))
object_folders := $(addprefix $O/,$(call folders,$(layers)) mltop mltopd shim)
$(foreach f,$(object_folders),$(eval $(patsubst src/%.c,$O/%.o,$(wildcard $(f:$O/%=src/%)/*.c)): | $f))
$(object_folders):
	@mkdir -p $@
$O/lib%.a:
	@rm -f $@
	$(AR) rcs $@ $^

AT_1 := core/kinds core/failure core/usage core/wire ui/screens ui/app demo engine engine/fake engine/local \
	engine/gpu io client store model serve balance work kinds mltop mltopd tests
$(foreach f,$(AT_1),$(eval $O/$f/%.o: LEVEL := 1))
$O/%.o: src/%.c | $(kept)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(taken) -MMD -MP -c -o $@ $<

# What protobuf-c makes of a .proto lies beside the objects; it is included as "core/events/X.pb-c.h".
$O/%.pb-c.c $O/%.pb-c.h: src/%.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=$(<D) --c_out=$(@D) $<
$O/%.pb-c.o: $O/%.pb-c.c
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(call layer_objs,core/events): | $O/core/events/event.pb-c.h

$O/tests/%.o: tests/%.c | $(kept)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(ALL_CFLAGS) $(taken) -MMD -MP -c -o $@ $<

$B/mltop: $(call layer_objs,mltop) $(call archives,$(LINK_mltop))
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_mltop)) -lm -lpthread -ldl
$B/mltopd: $(call layer_objs,mltopd) $(call archives,$(LINK_mltopd))
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_mltopd)) -lm -lpthread -ldl
# libc only, and linked in: a shim starts in half the time, and one runs for each task, for weeks,
# while the machine's libraries may be replaced. Sanitizers cannot be linked in.
SHIM_LDFLAGS = $(if $(SANITIZE),$(ALL_LDFLAGS),$(patsubst -pie,-static-pie,$(filter-out $(GOLD),$(ALL_LDFLAGS))))
$B/mltop-shim: $(call layer_objs,shim) $O/libbase.a
	$(CC) $(SHIM_LDFLAGS) -o $@ $^

# What a new machine needs. Run time: what the programs link; the rest is for building and testing.
DEPS := build-essential pkg-config libncurses-dev libcurl4-openssl-dev libjansson-dev \
	libwslay-dev libssl-dev libuv1-dev libsqlite3-dev libyaml-dev libarchive-dev zlib1g-dev \
	libbz2-dev liblzma-dev libzstd-dev libprotobuf-c-dev protobuf-c-compiler libcmocka-dev python3 python3-numpy tmux curl procps \
	openssl ca-certificates git nginx haproxy nftables
# What is measured beside us: an empty handler, and the older build; and what asks the balancer.
BENCH_DEPS := libwebsockets-dev libwebsockets-evlib-uv wrk
# Real parts that tests run: images without a registry.
PARTS_DEPS := podman runc catatonit busybox-static
DISK_DEPS := libfuse3-dev fuse3
LINT_DEPS := clang-format cppcheck mandoc
FUZZ_DEPS := clang libclang-rt-14-dev

missing = $(shell for p in $1; do dpkg-query -W -f='$${Status}\n' $$p 2>/dev/null | grep -q '^install ok' || echo $$p; done)
deps:
	@sh packaging/deps.sh $(call missing,$(DEPS))
lint-deps:
	@sh packaging/deps.sh $(call missing,$(LINT_DEPS))
fuzz-deps:
	@sh packaging/deps.sh $(call missing,$(FUZZ_DEPS))

run: deps
	@test -x $B/mltopd || echo 'building mltop: a minute or two, the first time'
	+@$(MAKE) --no-print-directory -s all
	@sh packaging/first-run.sh $B

include tests/tests.mk
include tests/corpus/make/corpus.mk

# docs/API.md comes from the route table and the schema, the verbs and fields of mltop(1) from their
# rows; tests compare them.
docs: all
	$B/mltopd docs api > docs/API.md.new && mv docs/API.md.new docs/API.md
	for page in 'mltop ' 'mltop-progress progress'; do \
		$B/mltop help man $${page#* } > docs/man/part.new && \
		awk '/^\.\\" end of `mltop/ { skip = 0 } !skip { print } \
			/^\.\\" begin of `mltop/ { while ((getline line < "docs/man/part.new") > 0) print line; skip = 1 }' \
			docs/man/$${page% *}.1 > docs/man/page.new && mv docs/man/page.new docs/man/$${page% *}.1 || exit 1; \
	done
	rm docs/man/part.new

lint: lint-deps
	sh tests/layers.sh
	+$(MAKE) --no-print-directory CI=1 DEBUG=1 all
	sh tests/banned.sh build/v-debug
	tests/circles.py build/v-debug
	tests/plumbing.py
	tests/seeded/run.py --texts
	clang-format --dry-run --Werror $(wildcard src/*/*.[ch] src/*/*/*.[ch] tests/*.[ch] tests/*/*.[ch])
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -D_GNU_SOURCE -Isrc \
		--library=tests/cppcheck.cfg --enable=warning,portability \
		--suppressions-list=tests/cppcheck.txt src
	mandoc -T lint -W warning $(wildcard docs/man/*.[1-8])

man1 := $(wildcard docs/man/*.1)
man8 := $(wildcard docs/man/*.8)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/mltop \
		$(DESTDIR)$(PREFIX)/share/mltop/themes $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install $B/mltop $B/mltopd $(DESTDIR)$(PREFIX)/bin/
	install $B/mltop-shim $(DESTDIR)$(PREFIX)/libexec/mltop/
	install -m 644 themes/*.yaml $(DESTDIR)$(PREFIX)/share/mltop/themes/
	install -m 644 $(man1) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(man8) $(DESTDIR)$(PREFIX)/share/man/man8/
	$B/mltop completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/mltop
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/mltop $(DESTDIR)$(PREFIX)/bin/mltopd \
		$(addprefix $(DESTDIR)$(PREFIX)/share/man/man1/,$(notdir $(man1))) \
		$(addprefix $(DESTDIR)$(PREFIX)/share/man/man8/,$(notdir $(man8))) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/mltop
	rm -rf $(DESTDIR)$(PREFIX)/libexec/mltop $(DESTDIR)$(PREFIX)/share/mltop

clean:
	rm -rf build

-include $(shell find build -path build/old -prune -o -name '*.d' -print 2>/dev/null)
.PHONY: all clean deps lint-deps fuzz-deps run docs lint install uninstall
.SECONDARY:
