/*-------------------------------------------------------------------------
 *
 * sql_fetch.c
 *	  The SQL functions that read whole rows as what they are.
 *
 * Structure: the first argument is there for its type alone: the row type of
 * a table, which names the map and is what is returned.  fetch_many() reads
 * a batch of keys at a time and hands out its rows one by one.
 *
 * Concurrency and failure: those of the read path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/pg_compat.h"
#include "cache/read_ahead.h"
#include "query/key_arg.h"
#include "query/result.h"
#include "table/privileges.h"

TC_FUNCTION(topcache_fetch);
TC_FUNCTION(topcache_fetch_many);

/* The map whose row type argument 0 has. */
static TcMap *
map_of_row_type(FunctionCallInfo fcinfo)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	Oid relation = get_typ_typrelid(type);
	TcMap *map;

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not the row type of a table",
						format_type_be(type)),
				 errhint("Name the table by a row of it, as in "
						 "topcache.fetch(NULL::orders, 42).")));
	map = tc_map_require(relation);
	if (map->layout.value != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("map \"%s\" keeps only column \"%s\", not whole rows",
						map->name, NameStr(map->layout.value->name)),
				 errhint("Use topcache.get(), or attach the table without "
						 "naming a value column.")));
	return map;
}

/* fetch(row, key) */
Datum
topcache_fetch(PG_FUNCTION_ARGS)
{
	TcMap *map = map_of_row_type(fcinfo);
	TcReader reader;
	TcValue value;
	Datum keys[INDEX_MAX_KEYS];

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	tc_read_begin(&reader, map, GetActiveSnapshot(), CurrentMemoryContext);
	value.found = false;
	if (tc_key_arg_if_any(fcinfo, 1, map, keys))
		tc_read_one(&reader, keys, &value);
	tc_read_end(&reader);
	if (!value.found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(tc_result_row(map, &value));
}

/* Rows that are read at a time. */
#define FETCH_BATCH 64

/* What fetch_many() keeps from one row to the next. */
typedef struct Fetch
{
	TcKeyArray keys;
	void *cast;
	Relation relation;
	uint32 fingerprint; /* of the map that the keys are for */
	int next;			/* key to hand out */
	int end;			/* of the batch that was read */
	MemoryContext batch;
	Datum rows[FETCH_BATCH];
	bool found[FETCH_BATCH];
} Fetch;

/* Read the next batch; nothing of the reader is kept until the next one. */
static void
read_batch(Fetch *fetch, TcMap *map)
{
	Datum *asked = palloc(FETCH_BATCH * fetch->keys.nkeys * sizeof(Datum));
	TcReader reader;
	TcReadAhead reads = {0};
	TcValue value;
	int start = fetch->next;
	int n = 0;

	/* a cursor may have let the same session attach the table anew */
	if (map->layout.fingerprint != fetch->fingerprint)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("map \"%s\" was redefined while it was being read",
						map->name)));
	fetch->end = Min(start + FETCH_BATCH, fetch->keys.n);
	for (int i = start; i < fetch->end; i++)
	{
		fetch->found[i - start] = tc_key_arg_is_possible(&fetch->keys, i);
		if (fetch->found[i - start])
			memcpy(asked + fetch->keys.nkeys * n++,
				   tc_key_arg_at(&fetch->keys, i),
				   fetch->keys.nkeys * sizeof(Datum));
	}
	tc_read_begin(&reader, map, GetActiveSnapshot(), CurrentMemoryContext);
	tc_read_ahead_start(&reads, &reader, CurrentMemoryContext, asked, n);
	for (int i = 0; i < fetch->end - start; i++)
	{
		if (!fetch->found[i])
			continue;
		fetch->found[i] = tc_read_ahead_next(&reads, &value) && value.found;
		if (fetch->found[i])
			fetch->rows[i] = tc_result_row(map, &value);
	}
	tc_read_ahead_stop(&reads);
	tc_read_end(&reader);
}

/* As long as it is open, nobody in this session alters it. */
static void
close_relation(Datum relation)
{
	relation_close((Relation) DatumGetPointer(relation), NoLock);
}

static void
open_relation(FunctionCallInfo fcinfo, Fetch *fetch, Oid relation)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	fetch->relation = relation_open(relation, NoLock);
	RegisterExprContextCallback(result->econtext, close_relation,
								PointerGetDatum(fetch->relation));
}

static void
end_fetch(FunctionCallInfo fcinfo, Fetch *fetch)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	UnregisterExprContextCallback(result->econtext, close_relation,
								  PointerGetDatum(fetch->relation));
	close_relation(PointerGetDatum(fetch->relation));
}

/* Take the keys; memory is that of the whole call. */
static Fetch *
begin_fetch(FunctionCallInfo fcinfo, FuncCallContext *call)
{
	TcMap *map = map_of_row_type(fcinfo);
	MemoryContext caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	Fetch *fetch = palloc0(sizeof(Fetch));

	/* the row that a caller without keys is refused */
	tc_privileges_check_select(map);
	fetch->batch =
		AllocSetContextCreate(call->multi_call_memory_ctx, "topcache batch",
							  ALLOCSET_DEFAULT_SIZES);
	if (!PG_ARGISNULL(1))
		tc_key_arg_from_array(PG_GETARG_ARRAYTYPE_P_COPY(1), map, &fetch->cast,
							  call->multi_call_memory_ctx, &fetch->keys);
	fetch->fingerprint = map->layout.fingerprint;
	open_relation(fcinfo, fetch, map->relation);
	MemoryContextSwitchTo(caller);
	return fetch;
}

/* fetch_many(row, keys) */
Datum
topcache_fetch_many(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	Fetch *fetch;

	if (SRF_IS_FIRSTCALL())
	{
		call = SRF_FIRSTCALL_INIT();
		call->user_fctx = begin_fetch(fcinfo, call);
	}
	call = SRF_PERCALL_SETUP();
	fetch = call->user_fctx;
	if (fetch->next >= fetch->keys.n)
	{
		end_fetch(fcinfo, fetch);
		SRF_RETURN_DONE(call);
	}
	if (fetch->next == fetch->end)
	{
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(fetch->batch);
		caller = MemoryContextSwitchTo(fetch->batch);
		read_batch(fetch, map_of_row_type(fcinfo));
		MemoryContextSwitchTo(caller);
	}
	if (!fetch->found[fetch->next++ % FETCH_BATCH])
		SRF_RETURN_NEXT_NULL(call);
	SRF_RETURN_NEXT(call, fetch->rows[(fetch->next - 1) % FETCH_BATCH]);
}
