/*-------------------------------------------------------------------------
 *
 * peer_dialect.c
 *	  How redis-server and memcached are spoken to.
 *
 * Structure: a dialect is a table of functions.  Values that are set are
 * filled with one letter; neither server compresses.
 *
 * Concurrency: one connection.
 *
 * Failure: an answer that is not as expected ends the program with a message.
 *
 *-------------------------------------------------------------------------
 */
#include "peer_dialect.h"

#include <stdio.h>
#include <string.h>

static char filler[MOST_BYTES];

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

static void
redis_ask_many(const Object *objects, int n)
{
	send_text("*%d\r\n$4\r\nMGET\r\n", n + 1);
	for (int i = 0; i < n; i++)
		send_text("$%d\r\n%s\r\n", objects[i].key_bytes, objects[i].key);
}

static int
redis_hear_many(void)
{
	const char *line = hear_line();
	int n;
	int found = 0;

	if (sscanf(line, "*%d", &n) != 1)
		fail("unexpected answer \"%s\"", line);
	for (int i = 0; i < n; i++)
		found += redis_hear_get();
	return found;
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

static void
memcached_ask_many(const Object *objects, int n)
{
	send_text("get");
	for (int i = 0; i < n; i++)
		send_text(" %s", objects[i].key);
	send_text("\r\n");
}

static int
memcached_hear_many(void)
{
	const char *line;
	int bytes;
	int found = 0;

	while (strcmp(line = hear_line(), "END") != 0)
	{
		if (sscanf(line, "VALUE %*s %*u %d", &bytes) != 1)
			fail("unexpected answer \"%s\"", line);
		skip_bytes(bytes + 2);
		found++;
	}
	return found;
}

static const Dialect dialects[] = {
	{"redis", redis_ask_ping, redis_ask_get, redis_hear_get, redis_ask_set,
	 redis_hear_set, redis_ask_exists, redis_hear_exists, redis_ask_many,
	 redis_hear_many, "*2\r\n$4\r\nINFO\r\n$6\r\nMEMORY\r\n",
	 "lazyfree_pending_objects", "used_memory:%ld"},
	{"memcached", memcached_ask_ping, memcached_ask_get, memcached_hear_get,
	 memcached_ask_set, memcached_hear_set, memcached_ask_exists,
	 memcached_hear_exists, memcached_ask_many, memcached_hear_many,
	 "stats slabs\r\n", "END", "STAT total_malloced %ld"},
};

const Dialect *
find_dialect(const char *name)
{
	memset(filler, 'x', sizeof(filler));
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
	{
		if (strcmp(name, dialects[i].name) == 0)
			return &dialects[i];
	}
	return NULL;
}
