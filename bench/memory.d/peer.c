/*-------------------------------------------------------------------------
 *
 * peer.c
 *	  A client for redis-server and memcached on a Unix socket.
 *
 *		peer redis|memcached SOCKET ping|replay|fill|count|memory
 *		peer redis|memcached SOCKET race WORK RECORDS BYTES LOG
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
 *		race		does the same work over and over until an alarm
 *
 * Structure: a replay waits for each answer before it goes on, filling and
 * counting send requests in batches; a race has a file of its own.
 *
 * Concurrency: one connection.
 *
 * Failure: whatever is not as expected ends the program with a message.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer_dialect.h"
#include "peer_race.h"

/* Requests that are sent before the first of their answers is read. */
#define BATCH 64

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
ping(const Dialect *dialect)
{
	dialect->ask_ping();
	hear_line();
}

static const struct
{
	const char *name;
	void (*work)(const Dialect *dialect);
} works[] = {
	{"ping", ping},	  {"replay", replay}, {"fill", fill},
	{"count", count}, {"memory", memory},
};

int
main(int argc, char **argv)
{
	const Dialect *dialect = argc > 3 ? find_dialect(argv[1]) : NULL;

	if (dialect == NULL)
		fail("usage: peer redis|memcached SOCKET "
			 "ping|replay|fill|count|memory|race ...");
	wire_enter(argv[2]);
	if (argc == 8 && strcmp(argv[3], "race") == 0)
	{
		race(dialect, argv[4], atol(argv[5]), atoi(argv[6]), argv[7]);
		return 0;
	}
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
	{
		if (argc == 4 && strcmp(argv[3], works[i].name) == 0)
		{
			works[i].work(dialect);
			return 0;
		}
	}
	fail("cannot do \"%s\"", argv[3]);
}
