/* links: core base */
/*
 * Frames of the stream, both kinds. The first byte chooses. A log frame let in lies within its
 * bytes and is made again to the same header; a text frame let in keeps its numbers within limits.
 */
#include "core/wire/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_log(const char *frame, size_t len)
{
	struct wire_log log;
	char header[WIRE_LOG_HEADER];

	if (!wire_log_decode(&log, frame, len, NULL))
		return;
	must(log.length <= WIRE_LOG_CHUNK && log.offset <= INT64_MAX);
	must((const char *)log.bytes + log.length == frame + len);
	wire_log_header(header, &log);
	must(memcmp(header, frame, sizeof header) == 0);
}

static void try_text(const char *text, size_t len)
{
	struct wire_frame f;
	struct err e = ERR_INIT;

	if (!wire_frame_decode(&f, text, len, &e)) {
		must(e.code != ERR_NONE && e.text[0] != '\0');
		return;
	}
	must(f.type <= WIRE_ERROR && f.offset >= -1 && f.tail >= 0 && f.credit >= 0);
	must(f.attempt >= 0 && f.lost >= 0);
	must(f.rows == NULL || json_is_array(f.rows));
	must(f.uids == NULL || json_is_array(f.uids));
	wire_frame_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size == 0)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	if (data[0] % 2)
		try_log(copy, size - 1);
	else
		try_text(copy, size - 1);
	free(copy);
	return 0;
}
