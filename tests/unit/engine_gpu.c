/* What the drivers say, through the library of tests/gpu, and what the local engine makes of it. */
#include "engine_bench.h"

#include "engine/gpu/gpu.h"
#include "engine/local/engine_local.h"

#include <math.h>
#include <sys/stat.h>
#include <uv.h>

static char file_path[300];

/* dlopen(3) looks a name without a slash up elsewhere. */
static const char *library(const char *name)
{
	static char real[4096];
	const char *build = getenv("MLTOP_BUILD");
	char path[4096];

	snprintf(path, sizeof path, "%.3000s/gpu/%s", build ? build : "build", name);
	assert_non_null(realpath(path, real));
	return real;
}

/* Renamed into its place: whoever reads it sees all of it. */
static void driver_says(const char *text)
{
	char aside[310];

	snprintf(aside, sizeof aside, "%s.new", file_path);
	FILE *f = fopen(aside, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(rename(aside, file_path), 0);
}

static struct gpu_reading *read_once(const char *name, const char *text)
{
	struct gpu_reading *r = gpu_reading_new();
	struct nvml *n;

	driver_says(text);
	n = nvml_open(library(name), "/nowhere");
	assert_non_null(n);
	nvml_read(n, r);
	nvml_close(n);
	return r;
}

#define NEW "libnvidia-ml.so.1"
#define OLD "before/libnvidia-ml.so.1"

static void test_values(void **state)
{
	struct gpu_reading *r = read_once(NEW,
		"gpu GPU-a util=93 used=40000 total=81559 temp=66 power=512345 limit=700000 "
		"clock=1755 memclock=2619 fan=30 name=NVIDIA_A100 pci=00000000:C1:00.0\n");
	const struct gpu_seen *g = &r->gpus.items[0];

	(void)state;
	assert_int_equal(r->gpus.len, 1);
	assert_string_equal(g->uuid, "GPU-a");
	assert_string_equal(g->name, "NVIDIA A100");
	assert_string_equal(g->pci, "0000:c1:00.0");
	assert_true(g->util == 93 && g->temperature == 66 && g->fan == 30);
	assert_true(fabs(g->power - 512.345) < 1e-9 && g->power_limit == 700);
	assert_int_equal(g->memory_used, 40000LL << 20);
	assert_int_equal(g->memory_total, 81559LL << 20);
	assert_int_equal(g->clock, 1755);
	assert_int_equal(g->memory_clock, 2619);
	assert_true(!g->lost && !g->mig && g->processes_known);
	assert_string_equal(r->driver, "570.86.15");
	assert_string_equal(r->trouble, "");
	gpu_reading_free(r);
}

/* NOT_SUPPORTED and NO_DATA are no zero, and neither is memory of ~0. */
static void test_unknown_is_not_zero(void **state)
{
	struct gpu_reading *r = read_once(NEW,
		"gpu GPU-a util=- used=? temp=- power=? limit=- clock=- memclock=? fan=-\n"
		"gpu GPU-b util=? used=-\n");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct gpu_seen *g = &r->gpus.items[i];

		assert_true(isnan(g->util));
		assert_int_equal(g->memory_used, -1);
		assert_false(g->lost);
	}
	assert_true(isnan(r->gpus.items[0].temperature) && isnan(r->gpus.items[0].power));
	assert_true(isnan(r->gpus.items[0].power_limit) && isnan(r->gpus.items[0].fan));
	assert_int_equal(r->gpus.items[0].clock, -1);
	assert_int_equal(r->gpus.items[0].memory_clock, -1);
	assert_int_equal(r->gpus.items[1].memory_total, -1);
	gpu_reading_free(r);
}

/* More of them than there is room for at first; of the old drivers' shorter struct as well. */
static void test_processes(void **state)
{
	static const char *const names[] = {NEW, OLD};
	struct buf text = BUF_INIT;

	(void)state;
	buf_addf(&text, "gpu GPU-a\nprocess %d 77\n", (int)getpid());
	for (int i = 0; i < 200; i++)
		buf_addf(&text, "process %d -\n", 2000000000 + i);
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		struct gpu_reading *r = read_once(names[n], text.data);
		const struct gpu_process *p = r->processes.items;

		assert_int_equal(r->gpus.items[0].process_count, 201);
		assert_int_equal(p[0].pid, getpid());
		assert_int_equal(p[0].memory, 77LL << 20);
		assert_true(p[0].there);
		assert_int_equal(p[0].above[0], getppid());
		assert_int_equal(p[200].pid, 2000000199);
		assert_int_equal(p[200].memory, -1);
		assert_false(p[200].there);
		assert_int_equal(r->gpus.items[0].memory_total, 81559LL << 20);
		gpu_reading_free(r);
	}
	buf_release(&text);
}

static void test_mig(void **state)
{
	struct gpu_reading *r = read_once(NEW,
		"gpu GPU-a util=5\nmig MIG-1 total=20096 used=10\nprocess 4711 5\n"
		"mig MIG-2 total=20096\ngpu GPU-b util=7\n");

	(void)state;
	assert_int_equal(r->gpus.len, 4);
	assert_true(r->gpus.items[0].mig && isnan(r->gpus.items[0].util));
	assert_string_equal(r->gpus.items[1].uuid, "MIG-1");
	assert_string_equal(r->gpus.items[1].parent, "GPU-a");
	assert_int_equal(r->gpus.items[1].memory_total, 20096LL << 20);
	assert_int_equal(r->gpus.items[1].process_count, 1);
	assert_string_equal(r->gpus.items[2].parent, "GPU-a");
	assert_string_equal(r->gpus.items[3].uuid, "GPU-b");
	assert_true(r->gpus.items[3].util == 7 && !r->gpus.items[3].mig);
	gpu_reading_free(r);
}

static void test_many_and_none(void **state)
{
	static const int counts[] = {0, 1, 8, 64, 300};

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
		struct buf text = BUF_INIT;
		struct gpu_reading *r;

		buf_adds(&text, "# nothing\n");
		for (int i = 0; i < counts[c]; i++)
			buf_addf(&text, "gpu GPU-%d util=%d\n", i, i % 101);
		r = read_once(NEW, text.data);
		assert_int_equal(r->gpus.len,
			counts[c] > GPU_COUNT_MAX ? GPU_COUNT_MAX : counts[c]);
		for (size_t i = 0; i < r->gpus.len; i++)
			assert_true(r->gpus.items[i].util == (double)(i % 101));
		gpu_reading_free(r);
		buf_release(&text);
	}
}

/* What it is called stays known of one that is lost after it was seen. */
static void test_lost(void **state)
{
	struct gpu_reading *r = gpu_reading_new();
	struct nvml *n;

	(void)state;
	driver_says("gpu GPU-a util=1\ngpu GPU-b util=2\n");
	n = nvml_open(library(NEW), "/nowhere");
	nvml_read(n, r);
	gpu_reading_free(r);
	driver_says("gpu GPU-a util=1\ngpu GPU-b util=2 lost=1\n");
	for (int i = 0; i < 40; i++) { /* also once its facts are asked for again */
		bool seen;

		r = gpu_reading_new();
		nvml_read(n, r);
		assert_int_equal(r->gpus.len, 2);
		assert_string_equal(r->gpus.items[1].uuid, "GPU-b");
		seen = r->gpus.items[1].lost;
		assert_true(!r->gpus.items[0].lost);
		gpu_reading_free(r);
		if (seen)
			break;
		usleep(2000); /* the library looks at its file now and then */
		assert_true(i < 39);
	}
	nvml_close(n);
	r = read_once(NEW, "gpu GPU-a lost=1\n");
	assert_true(r->gpus.items[0].lost);
	assert_string_equal(r->gpus.items[0].uuid, "lost-0");
	gpu_reading_free(r);
}

static void test_trouble(void **state)
{
	struct gpu_reading *r = read_once(NEW, "init 9\ngpu GPU-a\n");

	(void)state;
	assert_int_equal(r->gpus.len, 0);
	assert_non_null(strstr(r->trouble, "not loaded"));
	gpu_reading_free(r);
	r = read_once(NEW, "init 18\n");
	assert_non_null(strstr(r->trouble, "different versions"));
	gpu_reading_free(r);
	assert_null(nvml_open("/nowhere/libnvidia-ml.so.1", "/sys"));
}

/* ---- AMD ---- */

static void put(const char *dir, const char *name, const char *text)
{
	char path[400];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_amd(void **state)
{
	const struct bench *b = *state;
	struct gpu_reading *r = gpu_reading_new();
	char sys[200], dev[260], path[400];

	snprintf(sys, sizeof sys, "%s/sys", b->dir);
	snprintf(dev, sizeof dev, "%s/devices/pci0000:20/0000:23:00.0", sys);
	snprintf(path, sizeof path, "%s/hwmon/hwmon3", dev);
	assert_true(fsio_mkdirs(path, 0700, NULL));
	put(path, "temp1_input", "54000\n");
	put(path, "power1_average", "230000000\n");
	put(path, "power1_cap", "300000000\n");
	put(dev, "gpu_busy_percent", "37\n");
	put(dev, "mem_info_vram_total", "68702699520\n");
	put(dev, "mem_info_vram_used", "1073741824\n");
	put(dev, "unique_id", "7a3f0c12deadbeef\n");
	put(dev, "numa_node", "1\n");
	snprintf(path, sizeof path, "%s/class/drm/card1", sys);
	assert_true(fsio_mkdirs(path, 0700, NULL));
	snprintf(path, sizeof path, "%s/class/drm/card1/device", sys);
	assert_int_equal(symlink(dev, path), 0);
	/* An output of it, and a card that says nothing of a GPU's. */
	snprintf(path, sizeof path, "%s/class/drm/card1-DP-1/device", sys);
	assert_true(fsio_mkdirs(path, 0700, NULL));
	snprintf(path, sizeof path, "%s/class/drm/card0/device", sys);
	assert_true(fsio_mkdirs(path, 0700, NULL));
	snprintf(path, sizeof path, "%s/bus/pci/devices", sys);
	assert_true(fsio_mkdirs(path, 0700, NULL));
	snprintf(path, sizeof path, "%s/bus/pci/devices/0000:23:00.0", sys);
	assert_int_equal(symlink(dev, path), 0);
	assert_int_equal(amd_read(sys, r), 1);
	const struct gpu_seen *g = &r->gpus.items[0];

	assert_string_equal(g->uuid, "GPU-7a3f0c12deadbeef");
	assert_true(
		g->util == 37 && g->temperature == 54 && g->power == 230 && g->power_limit == 300);
	assert_int_equal(g->memory_total, 68702699520LL);
	assert_int_equal(g->memory_used, 1073741824LL);
	assert_string_equal(g->pci, "0000:23:00.0");
	assert_string_equal(g->place, "1 pci0000:20");
	assert_true(g->vendor == GPU_AMD && !g->processes_known);
	gpu_reading_free(r);
}

/* ---- The engine ---- */

static struct engine_sight sight_of(struct bench *b)
{
	struct engine_sight s;

	b->en->ops->sight(b->en, &s);
	return s;
}

static const struct plan_node *node_of(struct bench *b)
{
	static struct plan_cluster c;

	b->en->ops->machine(b->en, &c);
	return &c.nodes[0];
}

static void open_engine(struct bench *b, const char *lib)
{
	b->local.gpu_library = lib;
	b->local.gpu_sysfs = "/nowhere";
	b->local.sample.v = 100;
	bench_open(b, &engine_local);
}

static void test_engine_gpus(void **state)
{
	struct bench *b = *state;

	driver_says("gpu GPU-a util=50\ngpu GPU-b util=60\nmig MIG-1\ngpu GPU-c util=70 lost=1\n");
	open_engine(b, library(NEW));
	assert_non_null(node_of(b)->gpus_unknown);
	bench_until(b, sight_of(b).gpu_count == 4);
	assert_null(node_of(b)->gpus_unknown);
	assert_true(b->changed > 0);
	/* Whole ones; what is lost before it was ever seen has no name, and is not usable. */
	assert_int_equal(node_of(b)->gpu_count, 2);
	assert_true(node_of(b)->gpus[0].usable);
	assert_false(node_of(b)->gpus[1].usable);
	assert_string_equal(node_of(b)->gpus[1].why, "lost");
	assert_true(sight_of(b).gpus[0].util == 50);
	assert_int_equal(sight_of(b).gpus[1].state, ENGINE_GPU_MIG);
	assert_string_equal(sight_of(b).gpus[2].parent, "GPU-b");
	assert_true(sight_of(b).load_count == 1);
	/* It fell off its bus. */
	driver_says("gpu GPU-b util=60\nmig MIG-1\n");
	bench_until(b, sight_of(b).gpus[0].util != 50);
	bench_until(b, node_of(b)->gpu_count > 0 && !node_of(b)->gpus[0].usable);
	for (size_t i = 0; i < sight_of(b).gpu_count; i++)
		if (strcmp(sight_of(b).gpus[i].uuid, "GPU-a") == 0)
			assert_int_equal(sight_of(b).gpus[i].state, ENGINE_GPU_LOST);
	bench_close_engine(b);
}

/* A process that no task of ours has above it. */
static void test_engine_foreign(void **state)
{
	struct bench *b = *state;
	char text[200];

	snprintf(text, sizeof text, "gpu GPU-a\nprocess %d 5\ngpu GPU-b\nprocess 2000000000 5\n",
		(int)getpid());
	driver_says(text);
	open_engine(b, library(NEW));
	bench_until(b, sight_of(b).gpu_count == 2);
	assert_true(sight_of(b).gpus[0].others);
	assert_int_equal(sight_of(b).gpus[0].processes[0].whose, WHOSE_OTHER);
	assert_false(node_of(b)->gpus[0].usable);
	/* Nobody knows that one: a number of another container. */
	assert_false(sight_of(b).gpus[1].others);
	assert_true(node_of(b)->gpus[1].usable);
	driver_says("gpu GPU-a\ngpu GPU-b\n");
	bench_until(b, node_of(b)->gpus[0].usable);
	bench_close_engine(b);
	driver_says(text);
	b->local.gpu_share = true;
	bench_open(b, &engine_local);
	bench_until(b, sight_of(b).gpu_count == 2 && sight_of(b).gpus[0].others);
	assert_true(node_of(b)->gpus[0].usable);
	bench_close_engine(b);
}

/* A call that takes half a minute: the loop goes on, what was known has its age, and closing waits for nothing. */
static void test_engine_stalled(void **state)
{
	struct bench *b = *state;
	int64_t begin;

	driver_says("gpu GPU-a util=50\n");
	open_engine(b, library(NEW));
	bench_until(b, sight_of(b).gpu_count == 1);
	driver_says("gpu GPU-a util=50 stall=30\n");
	bench_until(b, sight_of(b).gpus[0].state == ENGINE_GPU_STALLED);
	assert_true(isnan(sight_of(b).gpus[0].util));
	assert_true(sight_of(b).gpus[0].as_of > 0);
	assert_true(isnan(sight_of(b).loads[0].cpu));
	assert_false(node_of(b)->gpus[0].usable);
	driver_says("gpu GPU-a util=51\n");
	bench_until(b, sight_of(b).gpus[0].util == 51);
	assert_int_equal(sight_of(b).gpus[0].as_of, 0);
	assert_true(node_of(b)->gpus[0].usable);
	driver_says("gpu GPU-a util=50 stall=30\n");
	bench_until(b, sight_of(b).gpus[0].state == ENGINE_GPU_STALLED);
	begin = time_mono_ms();
	bench_close_engine(b);
	assert_true(time_mono_ms() - begin < 15000);
	driver_says("gpu GPU-a\n"); /* the thread that was left behind ends */
}

/* There was no answer at all: nobody knows how many there are, and that is told. */
static void test_engine_stalled_from_the_start(void **state)
{
	struct bench *b = *state;

	driver_says("gpu GPU-a stall=30\n");
	open_engine(b, library(NEW));
	bench_until(b, strstr(sight_of(b).none, "does not answer") != NULL);
	assert_non_null(node_of(b)->gpus_unknown);
	driver_says("gpu GPU-a\n");
	bench_until(b, sight_of(b).gpu_count == 1);
	assert_null(node_of(b)->gpus_unknown);
	bench_close_engine(b);
}

static void test_engine_none(void **state)
{
	struct bench *b = *state;

	open_engine(b, "/nowhere/libnvidia-ml.so.1");
	bench_until(b, node_of(b)->gpus_unknown == NULL);
	assert_int_equal(node_of(b)->gpu_count, 0);
	assert_non_null(strstr(sight_of(b).none, "has no GPU"));
	assert_non_null(strstr(sight_of(b).none, "/nowhere/libnvidia-ml.so.1"));
	bench_until(b, !isnan(sight_of(b).loads[0].cpu));
	assert_true(sight_of(b).loads[0].memory > 0);
	bench_close_engine(b);
}

/* An engine that is closed before any answer came. */
static void test_engine_closed_at_once(void **state)
{
	struct bench *b = *state;

	driver_says("gpu GPU-a stall=30\n");
	open_engine(b, library(NEW));
	bench_close_engine(b);
	driver_says("gpu GPU-a\n");
}

static int setup(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	bench_init(b);
	snprintf(file_path, sizeof file_path, "%s/nvml", b->dir);
	setenv("MLTOP_TEST_NVML", file_path, 1);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench_release(*state);
	free(*state);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_values),
		CASE(test_unknown_is_not_zero),
		CASE(test_processes),
		CASE(test_mig),
		CASE(test_many_and_none),
		CASE(test_lost),
		CASE(test_trouble),
		CASE(test_amd),
		CASE(test_engine_gpus),
		CASE(test_engine_foreign),
		CASE(test_engine_stalled),
		CASE(test_engine_stalled_from_the_start),
		CASE(test_engine_none),
		CASE(test_engine_closed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
