/*-------------------------------------------------------------------------
 *
 * fdw_modify.c
 *	  Writes through foreign tables.
 *
 * Structure: each kind of write is one statement on the backing table,
 * prepared when the writing begins and executed for each row, or for many
 * that are inserted; its triggers, constraints and privileges are met as in
 * the user's own statement, and the row trigger brings the cache up to date.
 * Records are installed as by a put.  A row is found again by its key.
 *
 * Concurrency: a row that is to be updated or deleted was locked by the scan
 * that found it.
 *
 * Failure: errors are those of the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "foreign/fdwapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "access/fdw.h"
#include "access/fdw_table.h"
#include "access/fdw_write_sql.h"
#include "base/compat.h"
#include "cache/volatile.h"
#include "cache/write.h"
#include "heap/heapwrite.h"

/* Name of the hidden column with a key column of the row as it was. */
#define OLD_KEY "topcache_key%d"

/* Rows that one statement inserts, and the parameters that one may have. */
#define BATCH_ROWS	   100
#define MAX_PARAMETERS 65535

/* Writing to one foreign table, for the time of a statement. */
typedef struct TcModify
{
	TcWriteForm form;
	TcForeignTable *table;
	Oid user;
	AttrNumber old_key[INDEX_MAX_KEYS]; /* in the scan's rows */
	SPIPlanPtr one;						/* writes a row */
	SPIPlanPtr batch;					/* inserts batch_rows rows; or NULL */
	int batch_rows;
	int nparams; /* of a row */
} TcModify;

/* ----- planning ----- */

static void
require_key(Relation rel, const TcForeignTable *table)
{
	if (!table->has_key)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot change rows of foreign table \"%s\"",
						RelationGetRelationName(rel)),
				 errdetail("It does not show the whole key of relation \"%s\".",
						   table->map->name)));
}

/* A row is found again by its key, which travels as hidden columns. */
static void
add_targets(PlannerInfo *root, Index rti, RangeTblEntry *rte, Relation rel)
{
	TcForeignTable *table = tc_foreign_table(RelationGetRelid(rel));

	require_key(rel, table);
	for (int k = 0; k < table->key.n; k++)
	{
		AttrNumber number = table->key.number[k];
		Form_pg_attribute att =
			TupleDescAttr(RelationGetDescr(rel), number - 1);
		Var *var = makeVar(rti, number, att->atttypid, att->atttypmod,
						   att->attcollation, 0);

		add_row_identity_var(root, var, rti, psprintf(OLD_KEY, k + 1));
	}
}

static int
modifiable_events(Relation rel)
{
	return (1 << CMD_INSERT) | (1 << CMD_UPDATE) | (1 << CMD_DELETE);
}

/* What the statement does beyond its rows: what to do about a conflict. */
static List *
plan_modify(PlannerInfo *root, ModifyTable *plan, Index result, int subplan)
{
	if (plan->onConflictAction == ONCONFLICT_UPDATE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("INSERT with ON CONFLICT DO UPDATE is not "
						"supported for foreign tables")));
	return list_make1(
		makeInteger(plan->onConflictAction == ONCONFLICT_NOTHING));
}

/* ----- as whom ----- */

/* Run as the user whose privileges count; returns the one before. */
static Oid
become(const TcModify *work, int *context)
{
	Oid user;

	GetUserIdAndSecContext(&user, context);
	SetUserIdAndSecContext(work->user, *context | SECURITY_LOCAL_USERID_CHANGE);
	return user;
}

/* ----- writing ----- */

/* Types of a row's parameters: old key, then the columns that are set. */
static int
parameter_types(Relation rel, const TcModify *work, Oid *types)
{
	int n = 0;
	ListCell *cell;

	if (work->form.operation != CMD_INSERT)
	{
		for (int k = 0; k < work->table->key.n; k++)
			types[n++] = work->table->map->shape.keys[k].type;
	}
	if (work->form.operation != CMD_DELETE)
	{
		foreach (cell, work->form.columns)
			types[n++] =
				TupleDescAttr(RelationGetDescr(rel), lfirst_int(cell) - 1)
					->atttypid;
	}
	return n;
}

/* Prepare the statement for so many rows, as the user. */
static SPIPlanPtr
prepare(const TcModify *work, const Oid *row_types, int rows)
{
	Oid *types = palloc((work->nparams * rows + 1) * sizeof(Oid));
	char *sql = tc_write_sql(&work->form, rows);
	SPIPlanPtr plan;
	int context;
	Oid user;

	for (int row = 0; row < rows; row++)
		memcpy(types + row * work->nparams, row_types,
			   work->nparams * sizeof(Oid));
	user = become(work, &context);
	SPI_connect();
	plan = SPI_prepare(sql, work->nparams * rows, types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	return plan;
}

static void
prepare_one(Relation rel, TcModify *work)
{
	Oid *types = palloc((INDEX_MAX_KEYS + list_length(work->form.columns)) *
						sizeof(Oid));

	if (work->one != NULL || !work->table->map->def.durable)
		return;
	work->nparams = parameter_types(rel, work, types);
	work->one = prepare(work, types, 1);
}

/* Copy a row that the statement returned into the slot. */
static void
take_returned(const TcForeignTable *table, EState *estate, HeapTuple tuple,
			  TupleTableSlot *slot)
{
	TupleDesc desc = SPI_tuptable->tupdesc;
	MemoryContext caller =
		MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	int column = 0;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, table->natts * sizeof(bool));
	for (int i = 0; i < table->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor, i);
		Datum value;

		if (table->column[i].kind != TC_FOREIGN_COLUMN)
			continue;
		value = SPI_getbinval(tuple, desc, ++column, &slot->tts_isnull[i]);
		if (!slot->tts_isnull[i])
			slot->tts_values[i] = datumCopy(value, att->attbyval, att->attlen);
	}
	ExecStoreVirtualTuple(slot);
	MemoryContextSwitchTo(caller);
}

/* Put the key of the row as it was among the parameters; returns how many. */
static int
bind_old_key(const TcModify *work, TupleTableSlot *scanned, Datum *values,
			 char *nulls)
{
	if (work->form.operation == CMD_INSERT)
		return 0;
	for (int k = 0; k < work->table->key.n; k++)
	{
		bool isnull;

		values[k] = ExecGetJunkAttribute(scanned, work->old_key[k], &isnull);
		nulls[k] = isnull ? 'n' : ' ';
	}
	return work->table->key.n;
}

/* Put the columns that are set among the parameters. */
static void
bind_columns(const TcModify *work, TupleTableSlot *slot, Datum *values,
			 char *nulls)
{
	ListCell *cell;

	if (work->form.operation == CMD_DELETE)
		return;
	foreach (cell, work->form.columns)
	{
		int i = foreach_current_index(cell);
		bool isnull;

		values[i] = slot_getattr(slot, lfirst_int(cell), &isnull);
		nulls[i] = isnull ? 'n' : ' ';
	}
}

/*
 * Execute a statement; returns how many rows it wrote.  What it returns of
 * a single one goes into the slot.
 */
static int
execute(EState *estate, const TcModify *work, SPIPlanPtr plan, Datum *values,
		const char *nulls, TupleTableSlot *slot)
{
	int context;
	Oid user;
	Oid outer;
	int n;

	user = become(work, &context);
	SPI_connect();
	outer = tc_write_begin_put(work->table->map->relation);
	if (SPI_execute_plan(plan, values, nulls, false, 0) < 0)
		elog(ERROR, "could not write to relation \"%s\"",
			 work->table->map->name);
	tc_write_end_put(outer);
	n = SPI_processed;
	if (slot != NULL && n > 0)
		take_returned(work->table, estate, SPI_tuptable->vals[0], slot);
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	return n;
}

/* Write one row; NULL when nothing was done. */
static TupleTableSlot *
write_one(EState *estate, ResultRelInfo *info, TupleTableSlot *slot,
		  TupleTableSlot *scanned)
{
	const TcModify *work = info->ri_FdwState;
	int room = work->nparams + INDEX_MAX_KEYS;
	MemoryContext row = GetPerTupleMemoryContext(estate);
	Datum *values = MemoryContextAlloc(row, room * sizeof(Datum));
	char *nulls = MemoryContextAlloc(row, room);
	int n = bind_old_key(work, scanned, values, nulls);

	if (!work->table->map->def.durable)
	{
		/* no table behind it will */
		if (work->form.operation != CMD_DELETE &&
			RelationGetDescr(info->ri_RelationDesc)->constr != NULL)
			ExecConstraints(info, slot, estate);
		return tc_fdw_volatile_write(work->table, work->form.operation,
									 work->form.do_nothing, values, slot)
			? slot
			: NULL;
	}
	bind_columns(work, slot, values + n, nulls + n);
	return execute(estate, work, work->one, values, nulls, slot) > 0 ? slot
																	 : NULL;
}

/* Prepare to insert many rows by one statement. */
static void
prepare_batch(Relation rel, TcModify *work)
{
	Oid *types = palloc(list_length(work->form.columns) * sizeof(Oid));

	parameter_types(rel, work, types);
	work->batch = prepare(work, types, work->batch_rows);
}

/*
 * Insert many rows: by one statement where there are as many as it takes, and
 * one by one at the end.
 */
static TupleTableSlot **
insert_batch(EState *estate, ResultRelInfo *info, TupleTableSlot **slots,
			 TupleTableSlot **planned, int *nslots)
{
	TcModify *work = info->ri_FdwState;
	Datum *values;
	char *nulls;
	int done = 0;

	if (*nslots < work->batch_rows)
	{
		for (int i = 0; i < *nslots; i++)
		{
			if (write_one(estate, info, slots[i], NULL) != NULL)
				slots[done++] = slots[i];
		}
		*nslots = done;
		return slots;
	}
	if (work->batch == NULL)
		prepare_batch(info->ri_RelationDesc, work);
	values = palloc(*nslots * work->nparams * sizeof(Datum));
	nulls = palloc(*nslots * work->nparams);
	for (int i = 0; i < *nslots; i++)
		bind_columns(work, slots[i], values + i * work->nparams,
					 nulls + i * work->nparams);
	*nslots = execute(estate, work, work->batch, values, nulls, NULL);
	pfree(values);
	pfree(nulls);
	return slots;
}

/*
 * How many rows may be inserted together.  One at a time where somebody looks
 * at each of them as it goes, where there is nothing to set, and where the
 * map has no table.
 */
static int
batch_size(ResultRelInfo *info)
{
	TcModify *work = info->ri_FdwState;
	TriggerDesc *triggers = info->ri_TrigDesc;

	if (work == NULL || !work->table->map->def.durable || work->nparams == 0 ||
		info->ri_projectReturning != NULL || info->ri_WithCheckOptions != NIL ||
		(triggers != NULL &&
		 (triggers->trig_insert_before_row || triggers->trig_insert_after_row)))
		return 1;
	work->batch_rows = Min(BATCH_ROWS, MAX_PARAMETERS / work->nparams);
	return work->batch_rows;
}

static TcModify *
make_work(EState *estate, ResultRelInfo *info, CmdType operation,
		  bool do_nothing)
{
	Relation rel = info->ri_RelationDesc;
	TcModify *work = palloc0(sizeof(TcModify));
	bool triggers = rel->trigdesc != NULL &&
		(rel->trigdesc->trig_insert_before_row ||
		 rel->trigdesc->trig_update_before_row);
	Oid user = tc_result_user(info, estate);

	work->table = tc_foreign_table(RelationGetRelid(rel));
	if (!work->table->has_key && !work->table->map->def.durable)
		require_key(rel, work->table);
	work->form.table = work->table;
	work->form.operation = operation;
	work->form.do_nothing = do_nothing;
	work->user = OidIsValid(user) ? user : GetUserId();
	if (operation != CMD_DELETE)
		work->form.columns =
			tc_columns_to_set(rel, work->table,
							  operation == CMD_INSERT
								  ? ExecGetInsertedCols(info, estate)
								  : ExecGetUpdatedCols(info, estate),
							  triggers);
	return work;
}

static void
begin_modify(ModifyTableState *node, ResultRelInfo *info, List *private,
			 int subplan, int flags)
{
	TcModify *work;
	Plan *scan = outerPlanState(node)->plan;

	if (flags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	work = make_work(node->ps.state, info, node->operation,
					 intVal(linitial(private)) != 0);
	info->ri_FdwState = work;
	for (int k = 0;
		 work->form.operation != CMD_INSERT && k < work->table->key.n; k++)
	{
		work->old_key[k] =
			ExecFindJunkAttributeInTlist(scan->targetlist,
										 psprintf(OLD_KEY, k + 1));
		if (!AttributeNumberIsValid(work->old_key[k]))
			elog(ERROR, "could not find the key of the row");
	}
	prepare_one(info->ri_RelationDesc, work);
}

/* COPY FROM, and rows that are routed to a partition. */
static void
begin_insert(ModifyTableState *node, ResultRelInfo *info)
{
	ModifyTable *plan = (ModifyTable *) node->ps.plan;
	bool do_nothing =
		plan != NULL && plan->onConflictAction == ONCONFLICT_NOTHING;

	if (info->ri_FdwState != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot route tuples into foreign table \"%s\", "
						"which is also to be updated",
						RelationGetRelationName(info->ri_RelationDesc))));
	info->ri_FdwState = make_work(node->ps.state, info, CMD_INSERT, do_nothing);
	prepare_one(info->ri_RelationDesc, info->ri_FdwState);
}

static void
end_insert(EState *estate, ResultRelInfo *info)
{
	TcModify *work = info->ri_FdwState;

	if (work != NULL && work->one != NULL)
		SPI_freeplan(work->one);
	if (work != NULL && work->batch != NULL)
		SPI_freeplan(work->batch);
	info->ri_FdwState = NULL;
}

/* ----- TRUNCATE ----- */

/* Remove all records of a volatile map; SPI is connected. */
static void
clear_volatile(Oid relation)
{
	Oid types[1] = {OIDOID};
	Datum values[1] = {ObjectIdGetDatum(relation)};

	SPI_execute_with_args(psprintf("SELECT %s.clear($1)",
								   quote_identifier(get_namespace_name(
									   tc_extension_schema()))),
						  1, types, values, NULL, false, 0);
}

static void
truncate_maps(List *rels, DropBehavior behavior, bool restart_identity)
{
	StringInfoData sql;
	const char *comma = "TRUNCATE ";
	ListCell *cell;

	initStringInfo(&sql);
	SPI_connect();
	foreach (cell, rels)
	{
		TcForeignTable *table =
			tc_foreign_table(RelationGetRelid((Relation) lfirst(cell)));

		if (!table->map->def.durable)
		{
			clear_volatile(table->map->relation);
			continue;
		}
		appendStringInfo(&sql, "%s%s", comma, tc_map_sql_name(table->map));
		comma = ", ";
	}
	if (sql.len > 0)
	{
		appendStringInfo(&sql, "%s%s",
						 restart_identity ? " RESTART IDENTITY" : "",
						 behavior == DROP_CASCADE ? " CASCADE" : "");
		SPI_execute(sql.data, false, 0);
	}
	SPI_finish();
}

void
tc_fdw_modify_routines(FdwRoutine *routine)
{
	routine->AddForeignUpdateTargets = add_targets;
	routine->PlanForeignModify = plan_modify;
	routine->BeginForeignModify = begin_modify;
	routine->ExecForeignInsert = write_one;
	routine->ExecForeignBatchInsert = insert_batch;
	routine->GetForeignModifyBatchSize = batch_size;
	routine->ExecForeignUpdate = write_one;
	routine->ExecForeignDelete = write_one;
	routine->EndForeignModify = end_insert;
	routine->BeginForeignInsert = begin_insert;
	routine->EndForeignInsert = end_insert;
	routine->IsForeignRelUpdatable = modifiable_events;
	routine->ExecForeignTruncate = truncate_maps;
}
