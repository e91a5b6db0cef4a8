/*-------------------------------------------------------------------------
 *
 * read_ahead.c
 *	  Reads many records, one after the other.
 *
 * Structure: a record that is in no cache of the processor takes longer to
 * arrive than everything else that a read does.  So the reads of the next
 * keys are begun ahead: with each record that is handed out, one key further
 * on is hashed and its bucket asked for, another one's bucket is looked into
 * and the record asked for, and for others what was not in the bucket is
 * looked for behind that.  What they wait for arrives while the executor
 * works on the records before them.
 *
 * Concurrency: what a step has seen is validated when the read is finished
 * (lookup.c), however long ago it was; what has changed since is looked for
 * anew.
 *
 * Failure: that of a single read.  Keys are read from the table, where need
 * be, one by one when it is their turn.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "cache/binding.h"
#include "cache/read_ahead.h"
#include "segment/memory/segment.h"

/* Keys between a step towards a record and the next one. */
#define STEP_AHEAD 6

/* Reads under way; a power of two. */
#define RING 32

StaticAssertDecl((TC_APPROACHES + 1) * STEP_AHEAD < RING,
				 "a read must not take the place of one that is under way");

/* Keys after which the clock is read anew. */
#define CLOCK_INTERVAL 64

/* A read that has begun. */
typedef struct TcUpcoming
{
	TcBytes key;
	TcProbe probe;
	TcLookup lookup;
} TcUpcoming;

static inline TcUpcoming *
upcoming(const TcReadAhead *reads, int number)
{
	return &reads->upcoming[number % RING];
}

static inline const Datum *
keys_of(const TcReadAhead *reads, int number)
{
	return reads->keys + (Size) number * reads->reader->map->layout.nkeys;
}

/* Get memory once for all that is read through this. */
static void
prepare(TcReadAhead *reads, TcReader *reader)
{
	if (reads->upcoming != NULL)
		return;
	reads->upcoming =
		MemoryContextAlloc(reader->context, RING * sizeof(TcUpcoming));
	reads->row = AllocSetContextCreate(reader->context, "topcache record",
									   ALLOCSET_SMALL_SIZES);
}

void
tc_read_ahead_start(TcReadAhead *reads, TcReader *reader, MemoryContext context,
					const Datum *keys, int n)
{
	tc_read_ahead_stop(reads);
	prepare(reads, reader);
	reader->reuses_space = true;
	reads->reader = reader;
	reads->keys = keys;
	reads->n = n;
	reads->next = reads->begun = 0;
	memset(reads->approached, 0, sizeof(reads->approached));
	reads->keys_context = context;
	if (reader->cached)
		reader->clock_us = tc_segment_clock_us();
}

static void
begin(TcReadAhead *reads, int number)
{
	TcUpcoming *read = upcoming(reads, number);
	TcMap *map = reads->reader->map;
	MemoryContext caller = MemoryContextSwitchTo(reads->keys_context);

	tc_binding_probe_key(&read->probe, map, keys_of(reads, number), &read->key);
	tc_lookup_begin(&read->lookup, &read->probe);
	MemoryContextSwitchTo(caller);
}

/* Make the steps that are due before the next record is handed out. */
static void
go_ahead(TcReadAhead *reads)
{
	int ahead = TC_APPROACHES * STEP_AHEAD;

	while (reads->begun < Min(reads->n, reads->next + STEP_AHEAD + ahead))
		begin(reads, reads->begun++);
	for (int step = 0; step < TC_APPROACHES; step++, ahead -= STEP_AHEAD)
	{
		int *done = &reads->approached[step];

		while (*done < Min(reads->n, reads->next + ahead))
			tc_lookup_approach(&upcoming(reads, (*done)++)->lookup);
	}
}

/* Record the access to what was handed out last. */
static inline void
record_last(TcReadAhead *reads)
{
	if (reads->owes_access)
		tc_lookup_note_access(&upcoming(reads, reads->next - 1)->lookup,
							  reads->reader->clock_us);
	reads->owes_access = false;
}

/* Read from memory, if it is there. */
static void
read_cached(TcReadAhead *reads, TcValue *value)
{
	TcReader *reader = reads->reader;

	record_last(reads);
	if (reads->next % CLOCK_INTERVAL == CLOCK_INTERVAL - 1)
		reader->clock_us = tc_segment_clock_us();
	go_ahead(reads);
	reads->owes_access =
		tc_read_finish(reader, keys_of(reads, reads->next),
					   &upcoming(reads, reads->next)->lookup, value);
}

bool
tc_read_ahead_next(TcReadAhead *reads, TcValue *value)
{
	MemoryContext caller;

	if (reads->next >= reads->n)
	{
		tc_read_ahead_stop(reads);
		return false;
	}
	MemoryContextReset(reads->row);
	caller = MemoryContextSwitchTo(reads->row);
	if (reads->reader->cached)
		read_cached(reads, value);
	else
		tc_read_past(reads->reader, keys_of(reads, reads->next), value);
	MemoryContextSwitchTo(caller);
	reads->next++;
	return true;
}

void
tc_read_ahead_stop(TcReadAhead *reads)
{
	record_last(reads);
	reads->n = reads->next;
}
