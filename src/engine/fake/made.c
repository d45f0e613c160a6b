#include "engine/fake/made.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A uid of chance begins like this once in 262,144 times (with what the third byte must be). */
static const uint8_t magic[2] = {0xD3, 0x40};
enum { MARK = 0x80 }; /* in the third byte, beside class and GPUs */

void made_uid(char out[ULID_SIZE], const struct made *m)
{
	uint8_t bytes[10] = {magic[0], magic[1],
		(uint8_t)(MARK | (unsigned)m->class << 4 | (unsigned)m->gpus)};

	for (int i = 0; i < 4; i++)
		bytes[3 + i] = (uint8_t)(m->index >> (8 * (3 - i)));
	for (int i = 0; i < 3; i++)
		bytes[7 + i] = (uint8_t)(m->seed >> (8 * (2 - i)));
	ulid_make(out, m->create, bytes);
}

bool made_read(struct made *m, const char *uid)
{
	uint8_t bytes[10];

	if (!ulid_valid(uid))
		return false;
	ulid_random(uid, bytes);
	if (memcmp(bytes, magic, sizeof magic) != 0 || (bytes[2] & (MARK | 0x40)) != MARK)
		return false;
	*m = (struct made){.class = (enum made_class)(bytes[2] >> 4 & 3),
		.gpus = bytes[2] & 15,
		.create = ulid_ms(uid)};
	for (int i = 0; i < 4; i++)
		m->index = m->index << 8 | bytes[3 + i];
	for (int i = 0; i < 3; i++)
		m->seed = m->seed << 8 | bytes[7 + i];
	return true;
}

/* splitmix64's finaliser (Steele, Lea, Flood 2014): every input bit moves every output bit. */
static uint64_t mix(uint64_t z)
{
	z += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

uint64_t made_hash(uint64_t a, uint64_t b, uint64_t c)
{
	return mix(mix(mix(a) ^ b) ^ c);
}

double made_unit(uint64_t hash)
{
	return (double)(hash >> 11) / (double)(UINT64_C(1) << 53);
}

uint64_t made_of(const struct made *m, uint64_t salt)
{
	return made_hash(m->seed, m->index, salt);
}

int64_t made_total(const struct made *m, int attempt)
{
	static const int64_t totals[] = {1000, 2400, 5000, 12000, 30000, 90000, 250000};

	return totals[made_of(m, 100 + (uint64_t)attempt) % (sizeof totals / sizeof totals[0])];
}

double made_rate(const struct made *m, int attempt)
{
	return 2 + 40 * made_unit(made_of(m, 200 + (uint64_t)attempt));
}

double made_part(const struct made *m)
{
	switch (m->class) {
	case MADE_COMPLETED: return 1;
	case MADE_FAILED: return made_unit(made_of(m, 8));
	default: return 0;
	}
}

int64_t made_wait(const struct made *m)
{
	return 1000 + (int64_t)(made_of(m, 5) % 600000);
}

int64_t made_start(const struct made *m)
{
	return m->create + made_wait(m);
}

int64_t made_end(const struct made *m)
{
	double steps = made_part(m) * (double)made_total(m, 1);

	return made_start(m) + (int64_t)(steps / made_rate(m, 1) * 1000);
}

double made_step(const struct made *m, int64_t now)
{
	double most = (double)made_total(m, 1) * (m->class == MADE_RUNNING ? 1 : made_part(m));
	double step = (double)(now - made_start(m)) * made_rate(m, 1) / 1000;

	return step < 0 ? 0 : step > most ? most : step;
}

void made_use(struct made_use *out, int gpus, double util)
{
	out->cpu = util * (gpus ? 1.6 * gpus : 1.9);
	out->memory = (int64_t)((gpus ? 20.0 * gpus : 3.0) * util / 80 * (1 << 30));
	out->gpu = gpus ? util : (double)NAN;
}

int64_t made_cpu(int gpus)
{
	return gpus ? 4000 * gpus : 2000;
}

int64_t made_memory(int gpus)
{
	return (int64_t)(gpus ? 32 * gpus : 8) << 30;
}

void made_node(char out[MADE_NODE_SIZE], size_t i)
{
	snprintf(out, MADE_NODE_SIZE, i ? "demo-%zu" : "demo", i + 1);
}

size_t made_nodes(int64_t gpus, int64_t nodes)
{
	int64_t n = nodes > 0 ? nodes : (gpus + 7) / 8;

	return n > 0 ? (size_t)n : 1;
}

size_t made_node_of(size_t gpus, size_t nodes, size_t i)
{
	size_t each = (gpus + nodes - 1) / nodes;

	return i * each < gpus ? i * each : gpus;
}

void made_gpu(char out[48], size_t i)
{
	uint64_t a = made_hash(7, i, 40), b = made_hash(7, i, 41);

	snprintf(out, 48, "GPU-%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32),
		(unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xffff), (unsigned)(b >> 48),
		(unsigned long long)(b & 0xffffffffffff));
}
