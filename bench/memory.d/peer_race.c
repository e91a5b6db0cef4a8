/*-------------------------------------------------------------------------
 *
 * peer_race.c
 *	  A contestant of the benchmark that speaks to a peer.
 *
 * Keys are random numbers from 1 to the number of records.  A round is
 *
 *		get			one object, and waits for it
 *		set			the same
 *		pipeline	100 requests of one object, before the first answer is read
 *		many		100 objects by one request
 *
 * Structure: as pgbench does with --aggregate-interval=1, rounds are counted
 * per second by the clock, and an alarm ends the race.
 *
 * Concurrency: one connection; several clients are as many processes.
 *
 * Failure: an object that is not there ends the program, as does any answer
 * that is not as expected.
 *
 *-------------------------------------------------------------------------
 */
#include "peer_race.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Objects of a round that has many. */
#define ROUND 100

static volatile sig_atomic_t alarmed = false;
static uint64_t random_state;

static void
on_alarm(int signal_number)
{
	(void) signal_number;
	alarmed = true;
}

/* A step of xorshift, which takes next to no time. */
static uint64_t
next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void
draw(Object *object, long records)
{
	object->key_bytes = snprintf(object->key, sizeof(object->key), "%ld",
								 1 + (long) (next_random() % records));
}

static void
round_get(const Dialect *dialect, const Object *objects)
{
	dialect->ask_get(&objects[0]);
	if (!dialect->hear_get())
		fail("object %s is not there", objects[0].key);
}

static void
round_set(const Dialect *dialect, const Object *objects)
{
	dialect->ask_set(&objects[0]);
	dialect->hear_set();
}

static void
round_pipeline(const Dialect *dialect, const Object *objects)
{
	for (int i = 0; i < ROUND; i++)
		dialect->ask_get(&objects[i]);
	for (int i = 0; i < ROUND; i++)
	{
		if (!dialect->hear_get())
			fail("object %s is not there", objects[i].key);
	}
}

static void
round_many(const Dialect *dialect, const Object *objects)
{
	int found;

	dialect->ask_many(objects, ROUND);
	found = dialect->hear_many();
	if (found != ROUND)
		fail("%d of %d objects are there", found, ROUND);
}

static const struct
{
	const char *name;
	int objects;
	void (*round)(const Dialect *dialect, const Object *objects);
} rounds[] = {
	{"get", 1, round_get},
	{"set", 1, round_set},
	{"pipeline", ROUND, round_pipeline},
	{"many", ROUND, round_many},
};

static int
find_round(const char *work)
{
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++)
	{
		if (strcmp(work, rounds[i].name) == 0)
			return i;
	}
	fail("cannot race for \"%s\"", work);
}

static FILE *
open_log(const char *path)
{
	FILE *log = fopen(path, "w");

	if (log == NULL)
		fail("could not write %s", path);
	return log;
}

void
race(const Dialect *dialect, const char *work, long records, int value_bytes,
	 const char *log_path)
{
	static Object objects[ROUND];
	int kind = find_round(work);
	FILE *log = open_log(log_path);
	time_t second = time(NULL);
	long done = 0;

	random_state = (uint64_t) getpid() * 0x9E3779B97F4A7C15u;
	for (int i = 0; i < ROUND; i++)
		objects[i].value_bytes = value_bytes;
	signal(SIGALRM, on_alarm);

	while (!alarmed)
	{
		time_t now;

		for (int i = 0; i < rounds[kind].objects; i++)
			draw(&objects[i], records);
		rounds[kind].round(dialect, objects);
		now = time(NULL);
		if (now != second)
		{
			fprintf(log, "%ld %ld\n", (long) second, done);
			second = now;
			done = 0;
		}
		done++;
	}
	fprintf(log, "%ld %ld\n", (long) second, done);
	if (fclose(log) != 0)
		fail("could not write %s", log_path);
}
