/* CRC-32C (Castagnoli, RFC 3720 appendix B): crc32c(0, "123456789", 9) == 0xE3069283. */
#ifndef MLTOP_BASE_CRC32C_H
#define MLTOP_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t before, const void *data, size_t len);

#endif
