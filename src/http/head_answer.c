/* The heads of answers; what they share with those of requests is in head.c. */
#include "http/head.h"
#include "http/head_inside.h"

#include <string.h>
#include <strings.h>

/* RFC 9112 section 4: "HTTP/1.1 200 reason", where the reason may be empty. */
static bool read_status_line(struct head *h, char *line, struct err *e)
{
	char *reason;

	if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') ||
		line[8] != ' ')
		return head_refuse(e, "its first line is not that of HTTP/1.1 or HTTP/1.0");
	if (strspn(line + 9, "0123456789") != 3 || line[9] < '1' || line[9] > '5' ||
		(line[12] != ' ' && line[12] != '\0'))
		return head_refuse(e, "its status is no number from 100 to 599");
	reason = line + 12 + (line[12] == ' ');
	h->http11 = line[7] == '1';
	h->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
	h->reason = reason;
	return true;
}

static bool read_answer_meaning(struct head *h, struct err *e)
{
	const char *length = head_get(h, "content-length");
	const char *coding = head_get(h, "transfer-encoding");

	if (head_count(h, "content-length") > 1 || head_count(h, "transfer-encoding") > 1)
		return head_refuse(e, "it says more than once how long it is");
	if (coding != NULL && (length != NULL || !h->http11 || strcasecmp(coding, "chunked") != 0))
		return head_refuse(e,
			"its Transfer-Encoding is not chunked, or stands in HTTP/1.0 or beside "
			"Content-Length");
	h->chunked = coding != NULL;
	head_read_connection(h);
	return length == NULL || head_read_digits(h, length, e);
}

bool head_read_answer(struct head *h, const char *bytes, size_t len, struct err *e)
{
	if (head_read_lines(h, bytes, len, read_status_line, e) && read_answer_meaning(h, e))
		return true;
	head_begin_sentence(e, true);
	head_release(h);
	return false;
}
