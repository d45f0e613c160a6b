/*
 * A file on its way to a platform: announced by size and SHA-256, sent in parts of at most 4 MiB,
 * and gone on with after a cut from where the platform says it stands. A file that the platform has
 * already whole is not sent again; one that an earlier run left half sent is completed. Blocking,
 * for the command line: it runs the loop until the package is whole or refused.
 */
#ifndef MLTOP_CLIENT_UPLOAD_H
#define MLTOP_CLIENT_UPLOAD_H

#include "client/api.h"

enum {
	UPLOAD_PART = 4 << 20, /* bytes: the platform takes no larger ones */
	UPLOAD_URI_SIZE = 64,
	UPLOAD_NAME_SIZE = 129,
	UPLOAD_RESUMES = 6, /* in a row without a byte more on the other side */
};

struct upload {
	struct api *api;
	struct uv_loop_s *loop; /* the api's */
	int fd;                 /* the caller's; read by offset, its position stays */
	const char *name;       /* of the package; upload_name makes a fit one */
	/* Called with what the platform has of how much, first and after each part; may be NULL. */
	void (*progress)(void *ctx, int64_t received, int64_t size);
	void *ctx;
};

/* `uri` gets "package://ID". Errors are the platform's own, or say what cannot be read here. */
bool upload_send(const struct upload *u, char uri[UPLOAD_URI_SIZE], struct err *e);

/* A name that platforms take, made of the last part of `path`: letters, digits and . _ + -. */
void upload_name(char out[UPLOAD_NAME_SIZE], const char *path);

#endif
