/*-------------------------------------------------------------------------
 *
 * fdw_modify.c
 *	  Writes through foreign tables.
 *
 * Structure: each kind of write is one statement on the backing table,
 * prepared when the writing begins and executed for each row; its triggers,
 * constraints and privileges are met as in the user's own statement, and the
 * row trigger brings the cache up to date.  Records are installed as by a
 * put.  A row is found again by its key.
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
#include "base/compat.h"
#include "cache/volatile.h"
#include "cache/write.h"
#include "heap/heapwrite.h"

/* Name of the hidden column with a key column of the row as it was. */
#define OLD_KEY "topcache_key%d"

typedef struct ModifyWork
{
	TcForeignTable *table;
	CmdType operation;
	bool do_nothing; /* ON CONFLICT */
	Oid user;
	List *columns; /* attributes that are set, in the order of parameters */
	AttrNumber old_key[INDEX_MAX_KEYS]; /* in the scan's rows */
	SPIPlanPtr plan;
	int nparams;
} ModifyWork;

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

/* ----- statements ----- */

/* A column can only be set when the backing table has it. */
static void
require_settable(Relation rel, const TcForeignColumn *column, int number)
{
	if (column->kind == TC_FOREIGN_META)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of foreign table \"%s\" cannot be set",
						NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)
									->attname),
						RelationGetRelationName(rel)),
				 errdetail("It shows metadata of the record.")));
}

/*
 * The columns that the statement sets.  What an INSERT does not name is left
 * to the backing table's defaults, unless the foreign table has its own.
 */
static List *
columns_to_set(Relation rel, const TcForeignTable *table, Bitmapset *named,
			   bool all)
{
	List *columns = NIL;

	for (int i = 0; i < table->natts; i++)
	{
		const TcForeignColumn *column = &table->column[i];
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
		bool is_named =
			bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, named);

		if (is_named)
			require_settable(rel, column, i + 1);
		if (column->kind != TC_FOREIGN_COLUMN || att->attgenerated != '\0')
			continue;
		if (is_named || att->atthasdef || all)
			columns = lappend_int(columns, i + 1);
	}
	return columns;
}

static void
append_returning(StringInfo sql, const TcForeignTable *table)
{
	const char *comma = " RETURNING ";

	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind != TC_FOREIGN_COLUMN)
			continue;
		appendStringInfo(sql, "%sm.%s", comma, table->column[i].name);
		comma = ", ";
	}
}

static void
append_insert(StringInfo sql, const ModifyWork *work)
{
	const TcForeignTable *table = work->table;
	ListCell *cell;

	appendStringInfo(sql, "INSERT INTO %s AS m ", tc_map_sql_name(table->map));
	if (work->columns == NIL)
		appendStringInfoString(sql, "DEFAULT VALUES");
	else
	{
		foreach (cell, work->columns)
			appendStringInfo(sql, "%s%s",
							 foreach_current_index(cell) == 0 ? "(" : ", ",
							 table->column[lfirst_int(cell) - 1].name);
		appendStringInfoString(sql, ") VALUES ");
		for (int i = 0; i < list_length(work->columns); i++)
			appendStringInfo(sql, "%s$%d", i == 0 ? "(" : ", ", i + 1);
		appendStringInfoString(sql, ")");
	}
	if (work->do_nothing)
		appendStringInfoString(sql, " ON CONFLICT DO NOTHING");
}

/* Parameters are the key as it was, then the columns that are set. */
static void
append_update(StringInfo sql, const ModifyWork *work)
{
	const TcForeignTable *table = work->table;
	ListCell *cell;

	appendStringInfo(sql, "UPDATE %s AS m SET ", tc_map_sql_name(table->map));
	foreach (cell, work->columns)
		appendStringInfo(sql, "%s%s = $%d",
						 foreach_current_index(cell) == 0 ? "" : ", ",
						 table->column[lfirst_int(cell) - 1].name,
						 table->key.n + foreach_current_index(cell) + 1);
	appendStringInfoString(sql, " WHERE ");
	tc_heap_append_key_condition(sql, table->map, true);
}

static char *
statement(const ModifyWork *work)
{
	StringInfoData sql;

	initStringInfo(&sql);
	switch (work->operation)
	{
		case CMD_INSERT:
			append_insert(&sql, work);
			break;
		case CMD_UPDATE:
			append_update(&sql, work);
			break;
		default:
			appendStringInfo(&sql, "DELETE FROM %s AS m WHERE ",
							 tc_map_sql_name(work->table->map));
			tc_heap_append_key_condition(&sql, work->table->map, true);
			break;
	}
	append_returning(&sql, work->table);
	return sql.data;
}

/* Types of the parameters: old key, then the columns that are set. */
static int
parameter_types(Relation rel, const ModifyWork *work, Oid *types)
{
	int n = 0;
	ListCell *cell;

	if (work->operation != CMD_INSERT)
	{
		for (int k = 0; k < work->table->key.n; k++)
			types[n++] = work->table->map->shape.keys[k].type;
	}
	if (work->operation != CMD_DELETE)
	{
		foreach (cell, work->columns)
			types[n++] =
				TupleDescAttr(RelationGetDescr(rel), lfirst_int(cell) - 1)
					->atttypid;
	}
	return n;
}

/* ----- as whom ----- */

/* Run as the user whose privileges count; returns the one before. */
static Oid
become(const ModifyWork *work, int *context)
{
	Oid user;

	GetUserIdAndSecContext(&user, context);
	SetUserIdAndSecContext(work->user, *context | SECURITY_LOCAL_USERID_CHANGE);
	return user;
}

/* ----- writing ----- */

static void
prepare(Relation rel, ModifyWork *work)
{
	Oid *types =
		palloc((INDEX_MAX_KEYS + list_length(work->columns)) * sizeof(Oid));
	char *sql = statement(work);
	int context;
	Oid user;

	if (work->plan != NULL || !work->table->map->def.durable)
		return;
	work->nparams = parameter_types(rel, work, types);
	user = become(work, &context);
	SPI_connect();
	work->plan = SPI_prepare(sql, work->nparams, types);
	if (work->plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	SPI_keepplan(work->plan);
	SPI_finish();
	SetUserIdAndSecContext(user, context);
}

/* Copy what the statement returned into the slot. */
static void
take_returned(const TcForeignTable *table, EState *estate, TupleTableSlot *slot)
{
	HeapTuple tuple = SPI_tuptable->vals[0];
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

/* Execute the statement for one row; NULL when it did nothing. */
static TupleTableSlot *
write_row(EState *estate, ModifyWork *work, TupleTableSlot *slot,
		  TupleTableSlot *scanned)
{
	Datum *values = palloc((work->nparams + INDEX_MAX_KEYS) * sizeof(Datum));
	char *nulls = palloc(work->nparams + INDEX_MAX_KEYS);
	int n = 0;
	int context;
	Oid user;
	Oid outer;
	bool done;
	ListCell *cell;

	for (int k = 0; work->operation != CMD_INSERT && k < work->table->key.n;
		 k++)
	{
		bool isnull;

		values[n] = ExecGetJunkAttribute(scanned, work->old_key[k], &isnull);
		nulls[n++] = isnull ? 'n' : ' ';
	}
	if (!work->table->map->def.durable)
		return tc_fdw_volatile_write(work->table, work->operation,
									 work->do_nothing, values, slot)
			? slot
			: NULL;
	if (work->operation != CMD_DELETE)
	{
		foreach (cell, work->columns)
		{
			bool isnull;

			values[n] = slot_getattr(slot, lfirst_int(cell), &isnull);
			nulls[n++] = isnull ? 'n' : ' ';
		}
	}
	user = become(work, &context);
	SPI_connect();
	outer = tc_write_begin_put(work->table->map->relation);
	if (SPI_execute_plan(work->plan, values, nulls, false, 0) < 0)
		elog(ERROR, "could not write to relation \"%s\"",
			 work->table->map->name);
	tc_write_end_put(outer);
	done = SPI_processed > 0;
	if (done)
		take_returned(work->table, estate, slot);
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	return done ? slot : NULL;
}

static ModifyWork *
make_work(EState *estate, ResultRelInfo *info, CmdType operation,
		  bool do_nothing)
{
	Relation rel = info->ri_RelationDesc;
	ModifyWork *work = palloc0(sizeof(ModifyWork));
	bool triggers = rel->trigdesc != NULL &&
		(rel->trigdesc->trig_insert_before_row ||
		 rel->trigdesc->trig_update_before_row);
	Oid user = tc_result_user(info, estate);

	work->table = tc_foreign_table(RelationGetRelid(rel));
	work->operation = operation;
	if (!work->table->has_key && !work->table->map->def.durable)
		require_key(rel, work->table);
	work->do_nothing = do_nothing;
	work->user = OidIsValid(user) ? user : GetUserId();
	if (operation == CMD_INSERT)
		work->columns =
			columns_to_set(rel, work->table, ExecGetInsertedCols(info, estate),
						   triggers);
	else if (operation == CMD_UPDATE)
		work->columns =
			columns_to_set(rel, work->table, ExecGetUpdatedCols(info, estate),
						   triggers);
	return work;
}

static void
begin_modify(ModifyTableState *node, ResultRelInfo *info, List *private,
			 int subplan, int flags)
{
	ModifyWork *work;
	Plan *scan = outerPlanState(node)->plan;

	if (flags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	work = make_work(node->ps.state, info, node->operation,
					 intVal(linitial(private)) != 0);
	info->ri_FdwState = work;
	for (int k = 0; work->operation != CMD_INSERT && k < work->table->key.n;
		 k++)
	{
		work->old_key[k] =
			ExecFindJunkAttributeInTlist(scan->targetlist,
										 psprintf(OLD_KEY, k + 1));
		if (!AttributeNumberIsValid(work->old_key[k]))
			elog(ERROR, "could not find the key of the row");
	}
	prepare(info->ri_RelationDesc, work);
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
	prepare(info->ri_RelationDesc, info->ri_FdwState);
}

static TupleTableSlot *
write_one(EState *estate, ResultRelInfo *info, TupleTableSlot *slot,
		  TupleTableSlot *scanned)
{
	return write_row(estate, info->ri_FdwState, slot, scanned);
}

static void
end_insert(EState *estate, ResultRelInfo *info)
{
	ModifyWork *work = info->ri_FdwState;

	if (work != NULL && work->plan != NULL)
		SPI_freeplan(work->plan);
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
	routine->ExecForeignUpdate = write_one;
	routine->ExecForeignDelete = write_one;
	routine->EndForeignModify = end_insert;
	routine->BeginForeignInsert = begin_insert;
	routine->EndForeignInsert = end_insert;
	routine->IsForeignRelUpdatable = modifiable_events;
	routine->ExecForeignTruncate = truncate_maps;
}
