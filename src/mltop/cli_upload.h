/* What mltop sends along with a job: packages and folders of this machine. */
#ifndef MLTOP_CLI_UPLOAD_H
#define MLTOP_CLI_UPLOAD_H

#include "mltop/cli.h"

/*
 * Makes body's trainer_uri one that the platform can read. A file of this machine (a path, or
 * file:// of a file that is here) stays where it is for the private platform, as file:// from / on,
 * and is uploaded to any other; a folder is packed and uploaded to all. Connects for that. Other
 * forms, and a body without the field, are left as they are.
 */
bool cli_upload_trainer(struct cli *c, json_t *body, struct err *e);
/* Packs the folder by its .mltopignore, uploads it and sets body's trainer_uri. */
bool cli_upload_folder(struct cli *c, const char *path, json_t *body, struct err *e);

#endif
