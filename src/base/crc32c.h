/*
 * CRC-32C (Castagnoli, RFC 3720 appendix B): crc32c(0, "123456789", 9) == 0xE3069283.
 * `before` is the CRC of the bytes before these, 0 at the start. Any thread may call.
 */
#ifndef MLTOP_BASE_CRC32C_H
#define MLTOP_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t before, const void *data, size_t len);
/* The same without the processor's instruction: what crc32c falls back on, and its check. */
uint32_t crc32c_portable(uint32_t before, const void *data, size_t len);

#endif
