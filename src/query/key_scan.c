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
tc_key_scan_init(TcKeyScan *scan, MemoryContext query, const TcKeyColumns *key,
				 List *expressions, int array)
{
	scan->key = key;
	scan->expressions = expressions;
	scan->array = array;
	scan->query = query;
	scan->run =
		AllocSetContextCreate(query, "topcache keys", ALLOCSET_SMALL_SIZES);
}

void
tc_key_scan_begin(TcKeyScan *scan, TcMap *map, Snapshot snapshot,
				  bool plain_sql)
{
	if (scan->reading)
		return;
	if (plain_sql)
		tc_read_begin_checked(&scan->reader, map, snapshot, scan->query);
	else
		tc_read_begin_foreign(&scan->reader, map, snapshot, scan->query);
	scan->reading = true;
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
evaluate(TcKeyScan *scan, ExprContext *context, Datum *values)
{
	ListCell *cell;

	foreach (cell, scan->expressions)
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
tc_key_scan_start(TcKeyScan *scan, ExprContext *context)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->run);
	int columns = scan->key->n;
	Datum one[INDEX_MAX_KEYS];
	Datum *elements = NULL;
	Datum *keys;
	int n;

	n = evaluate(scan, context, one) ? 1 : 0;
	if (n > 0 && scan->array >= 0)
		n = distinct_elements(one[scan->array], scan->key->type[scan->array],
							  &elements);
	keys = palloc(Max(n, 1) * columns * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		memcpy(keys + i * columns, one, columns * sizeof(Datum));
		if (scan->array >= 0)
			keys[i * columns + scan->array] = elements[i];
	}
	tc_key_scan_set_keys(scan, keys, n);
	MemoryContextSwitchTo(caller);
}

void
tc_key_scan_set_keys(TcKeyScan *scan, Datum *keys, int nkeys)
{
	scan->keys = keys;
	scan->nkeys = nkeys;
	scan->next = 0;
	scan->value.found = false;
	if (nkeys > 1)
		tc_read_ahead_start(&scan->reads, &scan->reader, scan->run, keys,
							nkeys);
}

/* Read one more row of the last key, where there is more than a record. */
static bool
read_another(TcKeyScan *scan)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->run);
	bool found =
		scan->value.found && tc_read_another(&scan->reader, &scan->value);

	MemoryContextSwitchTo(caller);
	return found;
}

/* Read the record of the next key. */
static void
read_next(TcKeyScan *scan)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->run);

	if (scan->nkeys == 1)
		tc_read_one(&scan->reader, scan->keys, &scan->value);
	else if (!tc_read_ahead_next(&scan->reads, &scan->value))
		elog(ERROR, "there are more keys than reads of them");
	scan->next++;
	MemoryContextSwitchTo(caller);
}

const TcValue *
tc_key_scan_next(TcKeyScan *scan, const Datum **keys)
{
	bool found = read_another(scan);

	while (!found && scan->next < scan->nkeys)
	{
		read_next(scan);
		found = scan->value.found;
	}
	scan->value.found = found;
	if (!found)
		return NULL;
	*keys = scan->keys + (Size) (scan->next - 1) * scan->key->n;
	return &scan->value;
}

const Datum *
tc_key_scan_next_key(TcKeyScan *scan)
{
	if (scan->next >= scan->nkeys)
		return NULL;
	return scan->keys + (Size) scan->next++ * scan->key->n;
}

void
tc_key_scan_reset(TcKeyScan *scan)
{
	tc_read_ahead_stop(&scan->reads);
	tc_key_scan_set_keys(scan, NULL, 0);
	MemoryContextReset(scan->run);
}

void
tc_key_scan_end(TcKeyScan *scan)
{
	tc_read_ahead_stop(&scan->reads);
	if (scan->reading)
		tc_read_end(&scan->reader);
	scan->reading = false;
}
