/*-------------------------------------------------------------------------
 *
 * key_scan.c
 *	  Reads the records of keys that a plan's expressions give.
 *
 * Structure: the expressions are evaluated into a list of keys, an array
 * into as many as it has different elements; these are read through the read
 * path, one after the other.
 *
 * Concurrency: that of the read path.  A cursor may keep the node open while
 * its transaction goes on to write: the snapshot was taken before, and
 * versions that it does not see are not looked at.
 *
 * Failure: what the reader holds goes with the query's resources.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "query/key_scan.h"

void
tc_key_scan_init(TcKeyScan *lookups, MemoryContext query,
				 const TcKeyColumns *key, List *expressions, int array)
{
	lookups->key = key;
	lookups->expressions = expressions;
	lookups->array = array;
	lookups->query = query;
	lookups->run =
		AllocSetContextCreate(query, "topcache keys", ALLOCSET_SMALL_SIZES);
}

void
tc_key_scan_begin(TcKeyScan *lookups, TcMap *map, Snapshot snapshot,
				  bool plain_sql)
{
	if (lookups->reading)
		return;
	if (plain_sql)
		tc_read_begin_checked(&lookups->reader, map, snapshot, lookups->query);
	else
		tc_read_begin_foreign(&lookups->reader, map, snapshot, lookups->query);
	lookups->reading = true;
}

static int
compare_elements(const void *a, const void *b, void *arg)
{
	TypeCacheEntry *type = arg;

	return DatumGetInt32(
		FunctionCall2Coll(&type->cmp_proc_finfo, type->typcollation,
						  *(const Datum *) a, *(const Datum *) b));
}

/* The elements of an array that are not NULL, each once. */
static int
distinct_elements(Datum array, Oid type, Datum **elements)
{
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_CMP_PROC_FINFO);
	bool *nulls;
	int n;
	int kept = 0;

	deconstruct_array(DatumGetArrayTypeP(array), type, cache->typlen,
					  cache->typbyval, cache->typalign, elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			(*elements)[kept++] = (*elements)[i];
	}
	if (kept < 2)
		return kept;
	qsort_arg(*elements, kept, sizeof(Datum), compare_elements, cache);
	n = kept;
	kept = 1;
	for (int i = 1; i < n; i++)
	{
		if (compare_elements(&(*elements)[kept - 1], &(*elements)[i], cache) !=
			0)
			(*elements)[kept++] = (*elements)[i];
	}
	return kept;
}

/* Evaluate all key columns; false when one is NULL, so that there is no key. */
static bool
evaluate(TcKeyScan *lookups, ExprContext *context, Datum *values)
{
	ListCell *cell;

	foreach (cell, lookups->expressions)
	{
		bool isnull;

		values[foreach_current_index(cell)] =
			ExecEvalExpr((ExprState *) lfirst(cell), context, &isnull);
		if (isnull)
			return false;
	}
	return true;
}

void
tc_key_scan_start(TcKeyScan *lookups, ExprContext *context)
{
	MemoryContext caller = MemoryContextSwitchTo(lookups->run);
	int columns = lookups->key->n;
	Datum one[INDEX_MAX_KEYS];
	Datum *elements = NULL;
	Datum *keys;
	int n;

	n = evaluate(lookups, context, one) ? 1 : 0;
	if (n > 0 && lookups->array >= 0)
		n = distinct_elements(one[lookups->array],
							  lookups->key->type[lookups->array], &elements);
	keys = palloc(Max(n, 1) * columns * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		memcpy(keys + i * columns, one, columns * sizeof(Datum));
		if (lookups->array >= 0)
			keys[i * columns + lookups->array] = elements[i];
	}
	tc_key_scan_take(lookups, keys, n);
	MemoryContextSwitchTo(caller);
}

void
tc_key_scan_take(TcKeyScan *lookups, Datum *keys, int nkeys)
{
	lookups->keys = keys;
	lookups->nkeys = nkeys;
	lookups->next = 0;
	lookups->value.found = false;
	if (nkeys > 1)
		tc_read_ahead_start(&lookups->reads, &lookups->reader, lookups->run,
							keys, nkeys);
}

/* Read one more row of the last key, where there is more than a record. */
static bool
read_another(TcKeyScan *lookups)
{
	MemoryContext caller = MemoryContextSwitchTo(lookups->run);
	bool found = lookups->value.found &&
		tc_read_another(&lookups->reader, &lookups->value);

	MemoryContextSwitchTo(caller);
	return found;
}

/* Read the record of the next key. */
static void
read_next(TcKeyScan *lookups)
{
	MemoryContext caller = MemoryContextSwitchTo(lookups->run);

	if (lookups->nkeys == 1)
		tc_read_one(&lookups->reader, lookups->keys, &lookups->value);
	else if (!tc_read_ahead_next(&lookups->reads, &lookups->value))
		elog(ERROR, "there are more keys than reads of them");
	lookups->next++;
	MemoryContextSwitchTo(caller);
}

const TcValue *
tc_key_scan_next(TcKeyScan *lookups, const Datum **keys)
{
	bool found = read_another(lookups);

	while (!found && lookups->next < lookups->nkeys)
	{
		read_next(lookups);
		found = lookups->value.found;
	}
	lookups->value.found = found;
	if (!found)
		return NULL;
	*keys = lookups->keys + (Size) (lookups->next - 1) * lookups->key->n;
	return &lookups->value;
}

const Datum *
tc_key_scan_next_key(TcKeyScan *lookups)
{
	if (lookups->next >= lookups->nkeys)
		return NULL;
	return lookups->keys + (Size) lookups->next++ * lookups->key->n;
}

void
tc_key_scan_reset(TcKeyScan *lookups)
{
	tc_read_ahead_stop(&lookups->reads);
	tc_key_scan_take(lookups, NULL, 0);
	MemoryContextReset(lookups->run);
}

void
tc_key_scan_end(TcKeyScan *lookups)
{
	tc_read_ahead_stop(&lookups->reads);
	if (lookups->reading)
		tc_read_end(&lookups->reader);
	lookups->reading = false;
}
