#include "engine/fake/fake.h"

/* splitmix64's finaliser (Steele, Lea, Flood 2014): every input bit moves every output bit. */
static uint64_t mix(uint64_t z)
{
	z += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

uint64_t fake_hash(uint64_t a, uint64_t b, uint64_t c)
{
	return mix(mix(mix(a) ^ b) ^ c);
}

uint64_t fake_next(struct fake *f)
{
	f->random += 0x9E3779B97F4A7C15u;
	return mix(f->random);
}

uint64_t fake_below(struct fake *f, uint64_t n)
{
	return fake_next(f) % n;
}

double fake_unit(uint64_t hash)
{
	return (double)(hash >> 11) / (double)(UINT64_C(1) << 53);
}
