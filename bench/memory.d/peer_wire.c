/*-------------------------------------------------------------------------
 *
 * peer_wire.c
 *	  The connection of the client for redis-server and memcached.
 *
 * Structure: a buffer for what goes out and one for what has come in.  Before
 * it reads, the client waits with poll(), as every client of PostgreSQL's
 * library does: an exchange is the same three calls of the system for all.
 *
 * Concurrency: one connection.
 *
 * Failure: whatever is not as expected ends the program with a message.
 *
 *-------------------------------------------------------------------------
 */
#include "peer_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int server;

static char out[1 << 16];
static size_t out_bytes;
static char in[1 << 16];
static size_t in_start;
static size_t in_end;

void
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("peer: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void
wire_enter(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		fail("the path of the socket is too long");
	strcpy(address.sun_path, path);
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(server, (struct sockaddr *) &address, sizeof(address)) != 0)
		exit(2);
}

static void
flush_out(void)
{
	size_t done = 0;

	while (done < out_bytes)
	{
		ssize_t n = write(server, out + done, out_bytes - done);

		if (n <= 0)
			fail("could not send");
		done += n;
	}
	out_bytes = 0;
}

void
send_bytes(const char *data, size_t bytes)
{
	while (bytes > 0)
	{
		size_t here = sizeof(out) - out_bytes;

		if (here > bytes)
			here = bytes;
		memcpy(out + out_bytes, data, here);
		out_bytes += here;
		data += here;
		bytes -= here;
		if (out_bytes == sizeof(out))
			flush_out();
	}
}

void
send_text(const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length >= (int) sizeof(text))
		fail("a request is too long");
	send_bytes(text, length);
}

static void
fill_in(void)
{
	struct pollfd ready = {.fd = server, .events = POLLIN};
	ssize_t n;

	flush_out();
	while (poll(&ready, 1, -1) < 0 && errno == EINTR)
		;
	n = read(server, in, sizeof(in));
	if (n <= 0)
		fail("the server has gone");
	in_start = 0;
	in_end = n;
}

/* The next line of an answer, without its end. */
const char *
hear_line(void)
{
	static char line[LINE_BYTES];
	size_t length = 0;

	for (;;)
	{
		char c;

		if (in_start == in_end)
			fill_in();
		c = in[in_start++];
		if (c == '\n')
			break;
		if (length == sizeof(line) - 1)
			fail("an answer is too long");
		line[length++] = c;
	}
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	return line;
}

void
skip_bytes(size_t bytes)
{
	while (bytes > 0)
	{
		size_t here;

		if (in_start == in_end)
			fill_in();
		here = in_end - in_start;
		if (here > bytes)
			here = bytes;
		in_start += here;
		bytes -= here;
	}
}

void
expect_line(const char *expected)
{
	const char *line = hear_line();

	if (strcmp(line, expected) != 0)
		fail("expected \"%s\", got \"%s\"", expected, line);
}
