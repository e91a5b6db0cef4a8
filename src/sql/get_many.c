/*-------------------------------------------------------------------------
 *
 * get_many.c
 *	  Reads the records of an array of keys.
 *
 * Structure: rows are made and handed out one by one, in the order of the
 * keys; a key that is NULL, or that no record can have, is a row as well.
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

#include "cache/read_ahead.h"
#include "query/key_arg.h"
#include "query/result.h"
#include "sql/get_many.h"

struct TcGetMany
{
	MemoryContext context; /* of all that is kept */
	TcReader reader;
	TcReadAhead reads;
	Relation relation;
	TcResultForm form;
	const TcKeyArray *keys;
	int next;		   /* key to hand out */
	MemoryContext row; /* of the row that was handed out last */
	bool wants_key;
};

TcGetMany *
tc_get_many_begin(TcMap *map, Snapshot snapshot, TcResultForm form,
				  MemoryContext context)
{
	TcGetMany *many = MemoryContextAllocZero(context, sizeof(TcGetMany));

	many->context = context;
	tc_read_begin(&many->reader, map, snapshot, context);

	/* as long as it is open, PostgreSQL refuses to alter it in this session */
	many->relation = relation_open(map->relation, NoLock);
	many->form = form;
	many->wants_key = true;
	many->row =
		AllocSetContextCreate(context, "topcache row", ALLOCSET_DEFAULT_SIZES);
	return many;
}

/* The keys that there can be records of, one behind the other. */
static const Datum *
possible_keys(const TcGetMany *many, const TcKeyArray *keys, int *n)
{
	Datum *found;

	*n = 0;
	for (int i = 0; i < keys->n; i++)
		*n += tc_key_arg_is_possible(keys, i);
	if (*n == keys->n)
		return keys->keys;
	found = MemoryContextAlloc(many->context,
							   Max(*n, 1) * keys->nkeys * sizeof(Datum));
	*n = 0;
	for (int i = 0; i < keys->n; i++)
	{
		if (tc_key_arg_is_possible(keys, i))
			memcpy(found + keys->nkeys * (*n)++, tc_key_arg_at(keys, i),
				   keys->nkeys * sizeof(Datum));
	}
	return found;
}

void
tc_get_many_set_keys(TcGetMany *many, const TcKeyArray *keys)
{
	const Datum *asked;
	int n;

	many->keys = keys;
	many->next = 0;
	asked = possible_keys(many, keys, &n);
	tc_read_ahead_start(&many->reads, &many->reader, many->context, asked, n);
}

void
tc_get_many_omit_keys(TcGetMany *many)
{
	many->wants_key = false;
}

/* Make a row of the next key. */
static void
make_row(TcGetMany *many, Datum *columns, bool *nulls)
{
	const TcKeyArray *keys = many->keys;
	int i = many->next++;
	TcValue value;

	columns[0] = columns[1] = (Datum) 0;
	nulls[0] = keys->nulls[i];
	nulls[1] = true;
	if (!tc_key_arg_is_possible(keys, i))
	{
		if (!nulls[0])
			columns[0] = CStringGetTextDatum(keys->impossible[i]);
		return;
	}
	if (!tc_read_ahead_next(&many->reads, &value))
		elog(ERROR, "there are more keys than reads of them");
	nulls[0] = !many->wants_key;
	if (many->wants_key)
		columns[0] = tc_result_key(many->reader.map, tc_key_arg_at(keys, i));
	nulls[1] = !value.found || value.isnull;
	if (!nulls[1])
		columns[1] = many->form(many->reader.map, &value);
}

bool
tc_get_many_next(TcGetMany *many, Datum *columns, bool *nulls)
{
	MemoryContext caller;

	if (many->next >= many->keys->n)
		return false;
	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(many->row);
	caller = MemoryContextSwitchTo(many->row);
	make_row(many, columns, nulls);
	MemoryContextSwitchTo(caller);
	return true;
}

void
tc_get_many_end(TcGetMany *many)
{
	tc_read_ahead_stop(&many->reads);
	tc_read_end(&many->reader);
	relation_close(many->relation, NoLock);
	MemoryContextDelete(many->row);
	pfree(many);
}
