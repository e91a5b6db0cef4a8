/*-------------------------------------------------------------------------
 *
 * fdw_written.c
 *	  Which rows an UPDATE through a foreign table has already changed.
 *
 * Structure: a join may bring a row several times, of which PostgreSQL has the
 * first one count.  It tells by the row's version; here each change is a
 * command of its own, so the keys are remembered that rows had before.  The
 * same row always comes with the same bytes of its key.
 *
 * Failure: out of memory is raised.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "fdw/fdw_written.h"

/* A key as bytes, which is also the entry of the table. */
typedef struct WrittenKey
{
	char *data;
	Size length;
} WrittenKey;

struct TcWrittenRows
{
	const TcRowLayout *layout;
	HTAB *table;
	MemoryContext context; /* of the keys */
};

static uint32
hash_key(const void *key, Size size)
{
	const WrittenKey *written = key;

	return hash_bytes((const unsigned char *) written->data, written->length);
}

static int
compare_keys(const void *a, const void *b, Size size)
{
	const WrittenKey *one = a;
	const WrittenKey *other = b;

	return one->length == other->length
		? memcmp(one->data, other->data, one->length)
		: 1;
}

TcWrittenRows *
tc_fdw_written_make(const TcRowLayout *layout)
{
	TcWrittenRows *rows = palloc(sizeof(TcWrittenRows));
	HASHCTL control = {.keysize = sizeof(WrittenKey),
					   .entrysize = sizeof(WrittenKey),
					   .hash = hash_key,
					   .match = compare_keys,
					   .hcxt = CurrentMemoryContext};

	rows->layout = layout;
	rows->context = CurrentMemoryContext;
	rows->table =
		hash_create("topcache written rows", 256, &control,
					HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return rows;
}

/* The bytes of a key, in the current memory context. */
static void
form_key(const TcRowLayout *layout, const Datum *keys, WrittenKey *written)
{
	char *place;

	written->length = 0;
	for (int k = 0; k < layout->nkeys; k++)
		written->length +=
			datumEstimateSpace(keys[k], false, layout->keys[k].by_value,
							   layout->keys[k].length);
	place = written->data = palloc(written->length);
	for (int k = 0; k < layout->nkeys; k++)
		datumSerialize(keys[k], false, layout->keys[k].by_value,
					   layout->keys[k].length, &place);
}

bool
tc_fdw_written_has(TcWrittenRows *rows, const Datum *keys)
{
	WrittenKey key;
	bool found;

	form_key(rows->layout, keys, &key);
	(void) hash_search(rows->table, &key, HASH_FIND, &found);
	pfree(key.data);
	return found;
}

void
tc_fdw_written_add(TcWrittenRows *rows, const Datum *keys)
{
	MemoryContext caller = MemoryContextSwitchTo(rows->context);
	WrittenKey key;

	form_key(rows->layout, keys, &key);
	(void) hash_search(rows->table, &key, HASH_ENTER, NULL);
	MemoryContextSwitchTo(caller);
}
