/*-------------------------------------------------------------------------
 *
 * peer.c
 *	  A client for redis-server and memcached on a Unix socket.
 *
 *		peer redis|memcached SOCKET ping|replay|fill|count|memory
 *
 * Reads lines "key,size" from standard input, where the size is that of key
 * and value together.
 *
 *		ping		answers whether the server does; reads nothing
 *		replay		gets each key, and sets those that are not there; prints
 *					the numbers of requests and of misses
 *		fill		sets every object
 *		count		looks for every object; prints how many are there, and the
 *					bytes of their keys and values
 *		memory		prints the bytes that the server says it uses; reads nothing
 *
 * Structure: a dialect is a table of functions that write a request and read
 * its answer; a replay waits for each answer before it goes on, filling and
 * counting send requests in batches.
 *
 * Concurrency: one connection.
 *
 * Failure: whatever is not as expected ends the program with a message.
 *
 *-------------------------------------------------------------------------
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Requests that are sent before the first of their answers is read. */
#define BATCH 64

/* Largest object, and a line of an answer without its value. */
#define MOST_BYTES (1024 * 1024)
#define LINE_BYTES 512

typedef struct Object
{
	char key[LINE_BYTES / 2];
	int key_bytes;
	int value_bytes;
} Object;

/* How a server is spoken to. */
typedef struct Dialect
{
	const char *name;
	void (*ask_ping)(void);
	void (*ask_get)(const Object *object);
	bool (*hear_get)(void);
	void (*ask_set)(const Object *object);
	void (*hear_set)(void);
	void (*ask_exists)(const Object *object);
	bool (*hear_exists)(void);
	const char *statistics; /* what to send for them, */
	const char *last_line;	/* how their last line begins, */
	const char *memory;		/* and what tells how many bytes are used */
} Dialect;

static int server;
static char filler[MOST_BYTES];

static char out[1 << 16];
static size_t out_bytes;
static char in[1 << 16];
static size_t in_start;
static size_t in_end;

static void
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

/* ----- the connection ----- */

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

static void
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

static void
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
	ssize_t n;

	flush_out();
	n = read(server, in, sizeof(in));
	if (n <= 0)
		fail("the server has gone");
	in_start = 0;
	in_end = n;
}

/* The next line of an answer, without its end. */
static const char *
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

static void
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

static void
expect_line(const char *expected)
{
	const char *line = hear_line();

	if (strcmp(line, expected) != 0)
		fail("expected \"%s\", got \"%s\"", expected, line);
}

/* ----- redis-server ----- */

static void
redis_ask_ping(void)
{
	send_text("*1\r\n$4\r\nPING\r\n");
}

static void
redis_ask_get(const Object *object)
{
	send_text("*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", object->key_bytes,
			  object->key);
}

static bool
redis_hear_get(void)
{
	const char *line = hear_line();
	int bytes;

	if (strcmp(line, "$-1") == 0)
		return false;
	if (sscanf(line, "$%d", &bytes) != 1)
		fail("unexpected answer \"%s\"", line);
	skip_bytes(bytes + 2);
	return true;
}

static void
redis_ask_set(const Object *object)
{
	send_text("*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n", object->key_bytes,
			  object->key, object->value_bytes);
	send_bytes(filler, object->value_bytes);
	send_text("\r\n");
}

static void
redis_hear_set(void)
{
	expect_line("+OK");
}

static void
redis_ask_exists(const Object *object)
{
	send_text("*2\r\n$6\r\nEXISTS\r\n$%d\r\n%s\r\n", object->key_bytes,
			  object->key);
}

static bool
redis_hear_exists(void)
{
	return strcmp(hear_line(), ":1") == 0;
}

/* ----- memcached ----- */

static void
memcached_ask_ping(void)
{
	send_text("version\r\n");
}

static void
memcached_ask_get(const Object *object)
{
	send_text("get %s\r\n", object->key);
}

static bool
memcached_hear_get(void)
{
	const char *line = hear_line();
	int bytes;

	if (strcmp(line, "END") == 0)
		return false;
	if (sscanf(line, "VALUE %*s %*u %d", &bytes) != 1)
		fail("unexpected answer \"%s\"", line);
	skip_bytes(bytes + 2);
	expect_line("END");
	return true;
}

static void
memcached_ask_set(const Object *object)
{
	send_text("set %s 0 0 %d\r\n", object->key, object->value_bytes);
	send_bytes(filler, object->value_bytes);
	send_text("\r\n");
}

/* An object that the server has no room for is one that it does not keep. */
static void
memcached_hear_set(void)
{
	const char *line = hear_line();

	if (strcmp(line, "STORED") != 0 &&
		strncmp(line, "SERVER_ERROR out of memory", 26) != 0)
		fail("unexpected answer \"%s\"", line);
}

static void
memcached_ask_exists(const Object *object)
{
	send_text("mg %s\r\n", object->key);
}

static bool
memcached_hear_exists(void)
{
	return strncmp(hear_line(), "HD", 2) == 0;
}

static const Dialect dialects[] = {
	{"redis", redis_ask_ping, redis_ask_get, redis_hear_get, redis_ask_set,
	 redis_hear_set, redis_ask_exists, redis_hear_exists,
	 "*2\r\n$4\r\nINFO\r\n$6\r\nMEMORY\r\n", "lazyfree_pending_objects",
	 "used_memory:%ld"},
	{"memcached", memcached_ask_ping, memcached_ask_get, memcached_hear_get,
	 memcached_ask_set, memcached_hear_set, memcached_ask_exists,
	 memcached_hear_exists, "stats slabs\r\n", "END",
	 "STAT total_malloced %ld"},
};

/* ----- what it does ----- */

/* The next object of the input; false at its end. */
static bool
next_object(Object *object)
{
	char line[LINE_BYTES];
	int size;

	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	if (sscanf(line, "%255[^,],%d", object->key, &size) != 2)
		fail("not an object: %s", line);
	object->key_bytes = strlen(object->key);
	object->value_bytes = size - object->key_bytes;
	if (object->value_bytes < 0 || object->value_bytes > MOST_BYTES)
		fail("not the size of an object: %s", line);
	return true;
}

static int
next_batch(Object *objects)
{
	int n = 0;

	while (n < BATCH && next_object(&objects[n]))
		n++;
	return n;
}

static void
replay(const Dialect *dialect)
{
	long requests = 0;
	long misses = 0;
	Object object;

	while (next_object(&object))
	{
		requests++;
		dialect->ask_get(&object);
		if (dialect->hear_get())
			continue;
		misses++;
		dialect->ask_set(&object);
		dialect->hear_set();
	}
	printf("%ld %ld\n", requests, misses);
}

static void
fill(const Dialect *dialect)
{
	Object objects[BATCH];
	int n;

	while ((n = next_batch(objects)) > 0)
	{
		/* an answer is short: a batch of them waits in the socket */
		for (int i = 0; i < n; i++)
			dialect->ask_set(&objects[i]);
		for (int i = 0; i < n; i++)
			dialect->hear_set();
	}
}

static void
count(const Dialect *dialect)
{
	Object objects[BATCH];
	long found = 0;
	long bytes = 0;
	int n;

	while ((n = next_batch(objects)) > 0)
	{
		for (int i = 0; i < n; i++)
			dialect->ask_exists(&objects[i]);
		for (int i = 0; i < n; i++)
		{
			if (!dialect->hear_exists())
				continue;
			found++;
			bytes += objects[i].key_bytes + objects[i].value_bytes;
		}
	}
	printf("%ld %ld\n", found, bytes);
}

static void
memory(const Dialect *dialect)
{
	const char *line;
	long bytes = -1;

	send_text("%s", dialect->statistics);
	do
	{
		line = hear_line();
		sscanf(line, dialect->memory, &bytes);
	} while (strncmp(line, dialect->last_line, strlen(dialect->last_line)) !=
			 0);
	if (bytes < 0)
		fail("the server did not say how much memory it uses");
	printf("%ld\n", bytes);
}

static void
enter(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		fail("the path of the socket is too long");
	strcpy(address.sun_path, path);
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(server, (struct sockaddr *) &address, sizeof(address)) != 0)
		exit(2);
}

int
main(int argc, char **argv)
{
	const Dialect *dialect = NULL;

	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
	{
		if (argc == 4 && strcmp(argv[1], dialects[i].name) == 0)
			dialect = &dialects[i];
	}
	if (dialect == NULL)
		fail("usage: peer redis|memcached SOCKET "
			 "ping|replay|fill|count|memory");

	memset(filler, 'x', sizeof(filler));
	enter(argv[2]);
	if (strcmp(argv[3], "ping") == 0)
	{
		dialect->ask_ping();
		hear_line();
	}
	else if (strcmp(argv[3], "replay") == 0)
		replay(dialect);
	else if (strcmp(argv[3], "fill") == 0)
		fill(dialect);
	else if (strcmp(argv[3], "count") == 0)
		count(dialect);
	else if (strcmp(argv[3], "memory") == 0)
		memory(dialect);
	else
		fail("cannot do \"%s\"", argv[3]);
	return 0;
}
