/*-------------------------------------------------------------------------
 *
 * policies.c
 *	  Replays a trace through eviction policies that are only simulated.
 *
 *		policies lru|s3fifo BYTES...
 *
 * Reads lines "key,size" from standard input; keys are small integers, the
 * size of a key does not change.  A request for an object that is not there
 * loads it.  Capacity counts the sizes alone.  Prints the share of requests
 * that missed, a line for each capacity.
 *
 * Structure: the trace is read once; a cache is a set of doubly linked lists
 * over an array with an entry for each key.  S3-FIFO is that of Yang and
 * others (SOSP 2023): a small queue of a tenth of the bytes, a main queue for
 * the rest, and a ghost queue as large as the main one; objects with more than
 * one hit in the small queue move on to the main one, and each hit, up to
 * three, is another round there.
 *
 * Failure: whatever is not as expected ends the program with a message.
 *
 *-------------------------------------------------------------------------
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE (-1)

/* Hits that S3-FIFO remembers, and those that make an object a main one. */
#define MOST_HITS	 3
#define HITS_TO_MAIN 2

typedef enum Where
{
	NOWHERE,
	MAIN, /* LRU has no other */
	SMALL,
	GHOST,
	QUEUES
} Where;

typedef struct Entry
{
	int size;
	int prev;
	int next;
	int hits;
	Where where;
} Entry;

typedef struct Queue
{
	int head; /* where objects come in */
	int tail; /* where they go out */
	long bytes;
} Queue;

static int *requests;
static long nrequests;
static Entry *entries;
static long nentries;

static Queue queues[QUEUES];

static void
fail(const char *message)
{
	fprintf(stderr, "policies: %s\n", message);
	exit(1);
}

static void *
enlarge(void *memory, size_t bytes)
{
	memory = realloc(memory, bytes);
	if (memory == NULL)
		fail("out of memory");
	return memory;
}

static void
read_trace(void)
{
	long room = 0;
	long entry_room = 0;
	int key;
	int size;

	while (scanf("%d,%d", &key, &size) == 2)
	{
		if (nrequests == room)
		{
			room = room * 2 + 1024;
			requests = enlarge(requests, room * sizeof(*requests));
		}
		requests[nrequests++] = key;
		if (key < 0)
			fail("a key is negative");
		if (key >= entry_room)
		{
			entry_room = key * 2L + 1024;
			entries = enlarge(entries, entry_room * sizeof(*entries));
		}
		if (key >= nentries)
			nentries = key + 1L;
		entries[key].size = size;
	}
	if (!feof(stdin))
		fail("the trace is not of lines \"key,size\"");
}

/* ----- queues ----- */

static void
push(int key, Where where)
{
	Queue *queue = &queues[where];
	Entry *entry = &entries[key];

	entry->where = where;
	entry->prev = NONE;
	entry->next = queue->head;
	if (queue->head != NONE)
		entries[queue->head].prev = key;
	else
		queue->tail = key;
	queue->head = key;
	queue->bytes += entry->size;
}

static void
take_out(int key)
{
	Entry *entry = &entries[key];
	Queue *queue = &queues[entry->where];

	if (entry->prev != NONE)
		entries[entry->prev].next = entry->next;
	else
		queue->head = entry->next;
	if (entry->next != NONE)
		entries[entry->next].prev = entry->prev;
	else
		queue->tail = entry->prev;
	queue->bytes -= entry->size;
	entry->where = NOWHERE;
}

static void
start_empty(void)
{
	for (int i = 0; i < QUEUES; i++)
		queues[i] = (Queue){NONE, NONE, 0};
	for (long i = 0; i < nentries; i++)
	{
		entries[i].where = NOWHERE;
		entries[i].hits = 0;
	}
}

/* ----- the policies: each says whether a request is a hit ----- */

static bool
lru(int key, long capacity)
{
	bool hit = entries[key].where == MAIN;

	if (hit)
		take_out(key);
	else if (entries[key].size > capacity)
		return false;
	while (queues[MAIN].bytes + entries[key].size > capacity)
		take_out(queues[MAIN].tail);
	push(key, MAIN);
	return hit;
}

/* Drop an object of the main queue, after those that have earned a round. */
static void
evict_main(void)
{
	for (;;)
	{
		int key = queues[MAIN].tail;

		take_out(key);
		if (entries[key].hits == 0)
			return;
		entries[key].hits--;
		push(key, MAIN);
	}
}

/* Move the oldest object of the small queue on: to the main one, or out. */
static void
evict_small(long ghost_capacity)
{
	int key = queues[SMALL].tail;

	take_out(key);
	if (entries[key].hits >= HITS_TO_MAIN)
	{
		entries[key].hits = 0;
		push(key, MAIN);
		return;
	}
	if (entries[key].size > ghost_capacity)
		return;
	while (queues[GHOST].bytes + entries[key].size > ghost_capacity)
		take_out(queues[GHOST].tail);
	push(key, GHOST);
}

static bool
s3fifo(int key, long capacity)
{
	long small_capacity = capacity / 10;
	long main_capacity = capacity - small_capacity;
	Entry *entry = &entries[key];
	bool ghost = entry->where == GHOST;

	if (entry->where == MAIN || entry->where == SMALL)
	{
		if (entry->hits < MOST_HITS)
			entry->hits++;
		return true;
	}
	if (ghost)
		take_out(key);
	if (entry->size > (ghost ? main_capacity : small_capacity))
		return false;
	while (queues[SMALL].bytes + queues[MAIN].bytes + entry->size > capacity)
	{
		if (queues[MAIN].bytes > main_capacity || queues[SMALL].bytes == 0)
			evict_main();
		else
			evict_small(main_capacity);
	}
	entry->hits = 0;
	push(key, ghost ? MAIN : SMALL);
	return false;
}

int
main(int argc, char **argv)
{
	bool (*policy)(int, long) = NULL;

	if (argc > 2 && strcmp(argv[1], "lru") == 0)
		policy = lru;
	else if (argc > 2 && strcmp(argv[1], "s3fifo") == 0)
		policy = s3fifo;
	else
		fail("usage: policies lru|s3fifo BYTES...");

	read_trace();
	for (int i = 2; i < argc; i++)
	{
		long capacity = atol(argv[i]);
		long misses = 0;

		start_empty();
		for (long r = 0; r < nrequests; r++)
			misses += !policy(requests[r], capacity);
		printf("%.5f\n", (double) misses / nrequests);
	}
	return 0;
}
