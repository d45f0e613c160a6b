# make bench: what it takes, beside what others take, from one run. QUICK=1: smaller sizes, a minute.
# ONLY="dashboard log jobs groups load gpus older progress scalars strain balance making" chooses parts. Nothing here fails because it was slow.
$B/bench/noop: tests/bench/noop.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--no-as-needed -o $@ $< $(call libs,$(PKGS_mltop)) -lm -lpthread -ldl
$B/bench/echo: tests/bench/echo.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(call libs,libwebsockets)

$B/bench/empty: tests/bench/empty.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(call libs,libwebsockets)
$B/bench/load: $(addprefix tests/bench/,load.c load_net.c load_watch.c) $(call archives,core base)
	@mkdir -p $(@D)
	$(CC) -Itests/bench $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(call libs,jansson libcrypto) -lm -lpthread

# The reader of progress and that of an older build, which was one file.
$B/bench/progress_cpu: tests/bench/progress_cpu.c $(call archives,core base)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(call libs,jansson libcrypto) -lm
$B/bench/progress_cpu_841f4c4: tests/bench/progress_cpu.c
	@mkdir -p $(@D)/841f4c4/core
	git show 841f4c4:src/core/progress.h > $(@D)/841f4c4/core/progress.h
	git show 841f4c4:src/core/progress.c > $(@D)/841f4c4/core/progress.c
	$(CC) -DOLDER_READER -I$(@D)/841f4c4 $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(@D)/841f4c4/core/progress.c -lm

bench-deps:
	@sh packaging/deps.sh $(call missing,$(BENCH_DEPS))
bench: bench-deps
	+$(MAKE) --no-print-directory all gpu balancer $B/bench/noop $B/bench/echo $B/bench/empty $B/bench/load \
		$B/bench/progress_cpu $B/bench/progress_cpu_841f4c4
	@MLTOP_BUILD=$B QUICK=$(QUICK) /usr/bin/python3 tests/bench/bench.py $(ONLY)
.PHONY: bench bench-deps
