/*-------------------------------------------------------------------------
 *
 * many.c
 *	  Reads the records of an array of keys.
 *
 * Structure: keys are read in batches, whose records the segment fetches
 * from memory side by side; rows are handed out one by one.
 *
 * Concurrency and failure: those of the read path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "access/many.h"
#include "cache/read.h"

/* Memory of a batch that is kept from one to the next. */
#define KEPT_BYTES (64 * 1024)

struct TcMany
{
	TcReader reader;
	Relation relation;
	TcValueForm form;
	const TcKeyArray *keys;
	int next; /* key to hand out */
	int end;  /* of the batch that was read */
	MemoryContext batch;
	TcValue values[TC_READ_BATCH]; /* of the batch, in order */
	int taken;					   /* values handed out */
	bool wants_key;
};

TcMany *
tc_many_begin(TcMap *map, Snapshot snapshot, TcValueForm form)
{
	TcMany *many = palloc0(sizeof(TcMany));

	tc_read_begin(&many->reader, map, snapshot);

	/* as long as it is open, PostgreSQL refuses to alter it in this session */
	many->relation = relation_open(map->relation, NoLock);
	many->form = form;
	many->wants_key = true;
	many->batch =
		AllocSetContextCreate(CurrentMemoryContext, "topcache batch",
							  KEPT_BYTES, KEPT_BYTES, ALLOCSET_DEFAULT_MAXSIZE);
	return many;
}

void
tc_many_keys(TcMany *many, const TcKeyArray *keys)
{
	many->keys = keys;
	many->next = many->end = 0;
}

void
tc_many_omit_keys(TcMany *many)
{
	many->wants_key = false;
}

/* Can there be a record under a key? */
static bool
possible(const TcKeyArray *keys, int i)
{
	return !keys->nulls[i] && keys->impossible[i] == NULL;
}

/* Read the next batch. */
static void
read_batch(TcMany *many)
{
	const TcKeyArray *keys = many->keys;
	Datum *asked;
	int n = 0;

	MemoryContextReset(many->batch);
	many->end = Min(many->next + TC_READ_BATCH, keys->n);
	many->taken = 0;
	asked = palloc(TC_READ_BATCH * keys->nkeys * sizeof(Datum));
	for (int i = many->next; i < many->end; i++)
	{
		if (possible(keys, i))
			memcpy(asked + keys->nkeys * n++, tc_key_at(keys, i),
				   keys->nkeys * sizeof(Datum));
	}
	tc_read_batch(&many->reader, n, asked, many->values);
}

/* Make a row of the next key; memory is the batch's. */
static void
make_row(TcMany *many, Datum *columns, bool *nulls)
{
	const TcKeyArray *keys = many->keys;
	int i = many->next++;
	TcValue *value;

	columns[0] = columns[1] = (Datum) 0;
	nulls[0] = keys->nulls[i];
	nulls[1] = true;
	if (!possible(keys, i))
	{
		if (!nulls[0])
			columns[0] = CStringGetTextDatum(keys->impossible[i]);
		return;
	}
	value = &many->values[many->taken++];
	nulls[0] = !many->wants_key;
	if (many->wants_key)
		columns[0] = tc_key_as_text(many->reader.map, tc_key_at(keys, i));
	nulls[1] = !value->found || value->isnull;
	if (!nulls[1])
		columns[1] = many->form(many->reader.map, value);
}

bool
tc_many_next(TcMany *many, Datum *columns, bool *nulls)
{
	MemoryContext caller;

	if (many->next >= many->keys->n)
		return false;
	CHECK_FOR_INTERRUPTS();
	caller = MemoryContextSwitchTo(many->batch);
	if (many->next == many->end)
		read_batch(many);
	make_row(many, columns, nulls);
	MemoryContextSwitchTo(caller);
	return true;
}

void
tc_many_end(TcMany *many)
{
	tc_read_end(&many->reader);
	relation_close(many->relation, NoLock);
	MemoryContextDelete(many->batch);
	pfree(many);
}
