/*-------------------------------------------------------------------------
 *
 * fdw_modify.c
 *	  Writes through foreign tables.
 *
 * Structure: each kind of write is one statement on the backing table,
 * planned when the writing begins and executed for each row, or for many
 * that are inserted; its triggers and constraints are met as in the user's
 * own statement, and the row trigger brings the cache up to date.  Records
 * are installed as by a put.  A row is found again by its key.
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
#include "commands/tablecmds.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "cache/scan.h"
#include "cache/volatile.h"
#include "cache/write.h"
#include "fdw/fdw_modify.h"
#include "fdw/fdw_statement.h"
#include "fdw/fdw_table.h"
#include "fdw/fdw_volatile.h"
#include "fdw/fdw_written.h"

/* Name of the hidden column with a key column of the row as it was. */
#define OLD_KEY "topcache_key%d"

/* Rows that one statement inserts, and the parameters that one may have. */
#define BATCH_ROWS	   100
#define MAX_PARAMETERS 65535

/* Writing to one foreign table, for the time of a statement. */
typedef struct TcModify
{
	TcStatementForm form;
	TcForeignTable *table;
	Relation backing;					/* of a durable map, kept open */
	AttrNumber old_key[INDEX_MAX_KEYS]; /* in the scan's rows */
	TcStatement *one;					/* writes a row */
	TcStatement *batch; /* inserts batch_rows rows; made when needed */
	int batch_rows;
	TcWrittenRows *written; /* by an UPDATE with a join; else NULL */
	MemoryContext context;	/* of all that */
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
	TcForeignTable *table = tc_fdw_table_of(RelationGetRelid(rel));

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

/* The columns that RETURNING and check options of views look at; 0: all. */
static List *
looked_at(const ModifyTable *plan, Index result, int subplan)
{
	Bitmapset *found = NULL;
	List *columns = NIL;
	int number = -1;

	if (plan->returningLists != NIL)
		pull_varattnos(list_nth(plan->returningLists, subplan), result, &found);
	if (plan->withCheckOptionLists != NIL)
		pull_varattnos(list_nth(plan->withCheckOptionLists, subplan), result,
					   &found);
	while ((number = bms_next_member(found, number)) >= 0)
		columns =
			lappend_int(columns, number + FirstLowInvalidHeapAttributeNumber);
	return columns;
}

/*
 * The columns that an INSERT sets: those that it names, and those that have
 * defaults in the foreign table, or in a view that it came through.
 */
static List *
set_by_insert(PlannerInfo *root)
{
	List *columns = NIL;
	ListCell *cell;

	if (root->parse->commandType != CMD_INSERT)
		return NIL;
	foreach (cell, root->parse->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (!entry->resjunk)
			columns = lappend_int(columns, entry->resno);
	}
	return columns;
}

/*
 * What the statement does beyond its rows: what to do about a conflict, what
 * is looked at, whether a join may bring rows several times, and which columns
 * an INSERT sets.
 */
static List *
plan_modify(PlannerInfo *root, ModifyTable *plan, Index result, int subplan)
{
	if (plan->onConflictAction == ONCONFLICT_UPDATE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("INSERT with ON CONFLICT DO UPDATE is not "
						"supported for foreign tables")));
	return list_make4(makeInteger(plan->onConflictAction == ONCONFLICT_NOTHING),
					  looked_at(plan, result, subplan),
					  makeInteger(bms_membership(root->all_baserels) ==
								  BMS_MULTIPLE),
					  set_by_insert(root));
}

/* ----- columns ----- */

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

/* Do triggers of the foreign table see rows before they are written? */
static bool
has_triggers_before(Relation rel, CmdType operation)
{
	const TriggerDesc *triggers = rel->trigdesc;

	if (triggers == NULL)
		return false;
	return operation == CMD_INSERT ? triggers->trig_insert_before_row
								   : triggers->trig_update_before_row;
}

/*
 * The columns that a statement sets: those that are named, or all.  What an
 * INSERT does not set is left to the backing table's defaults.
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
		if (is_named || all)
			columns = lappend_int(columns, i + 1);
	}
	return columns;
}

/* Does somebody look at the whole row after it was written? */
static bool
has_triggers_after(Relation rel, CmdType operation)
{
	const TriggerDesc *triggers = rel->trigdesc;

	if (triggers == NULL)
		return false;
	switch (operation)
	{
		case CMD_INSERT:
			return triggers->trig_insert_after_row;
		case CMD_UPDATE:
			return triggers->trig_update_after_row;
		default:
			return triggers->trig_delete_after_row;
	}
}

/* The columns that the statement must return, of those that are looked at. */
static List *
columns_to_return(const TcForeignTable *table, const List *looked_at)
{
	bool all = list_member_int(looked_at, InvalidAttrNumber);
	List *columns = NIL;

	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind == TC_FOREIGN_COLUMN &&
			(all || list_member_int(looked_at, i + 1)))
			columns = lappend_int(columns, i + 1);
	}
	return columns;
}

/* ----- writing ----- */

/* Plan the statement for so many rows. */
static TcStatement *
plan_write(TcModify *work, int rows)
{
	MemoryContext caller = MemoryContextSwitchTo(work->context);
	TcStatement *statement;

	work->form.rows = rows;
	statement = tc_fdw_statement_plan(&work->form);
	MemoryContextSwitchTo(caller);
	return statement;
}

/* The key of the row as it was. */
static void
take_old_key(const TcModify *work, TupleTableSlot *scanned, Datum *keys)
{
	for (int k = 0;
		 work->form.operation != CMD_INSERT && k < work->table->key.n; k++)
	{
		bool isnull;

		keys[k] = ExecGetJunkAttribute(scanned, work->old_key[k], &isnull);
		if (isnull)
			elog(ERROR, "the key of a row of map \"%s\" is null",
				 work->table->map->name);
	}
}

/* Put that key among the parameters; returns how many. */
static int
bind_old_key(const TcModify *work, const Datum *keys, ParamListInfo params)
{
	if (work->form.operation == CMD_INSERT)
		return 0;
	for (int k = 0; k < work->table->key.n; k++)
	{
		params->params[k].value = keys[k];
		params->params[k].isnull = false;
	}
	return work->table->key.n;
}

/* Put the columns that are set among the parameters, from the n-th on. */
static void
bind_columns(const TcModify *work, TupleTableSlot *slot, ParamListInfo params,
			 int n)
{
	ListCell *cell;

	foreach (cell, work->form.columns)
	{
		ParamExternData *param = &params->params[n++];

		param->value = slot_getattr(slot, lfirst_int(cell), &param->isnull);
	}
}

/* A statement and what it is executed with. */
typedef struct Execution
{
	const TcStatement *statement;
	ParamListInfo params;
	TupleTableSlot *slot;
} Execution;

static uint64
run_statement(void *arg)
{
	const Execution *execution = arg;

	return tc_fdw_statement_run(execution->statement, execution->params,
								execution->slot);
}

/* Execute a statement; returns how many rows it wrote. */
static uint64
execute(const TcModify *work, const TcStatement *statement,
		ParamListInfo params, TupleTableSlot *slot)
{
	Execution execution = {statement, params, slot};

	return tc_write_run_put(work->table->map->relation, run_statement,
							&execution, NULL);
}

/* Write one row of a volatile map; false when nothing was done. */
static bool
write_volatile(EState *estate, ResultRelInfo *info, TupleTableSlot *slot,
			   const Datum *keys)
{
	const TcModify *work = info->ri_FdwState;

	/* no table behind it will */
	if (work->form.operation != CMD_DELETE &&
		RelationGetDescr(info->ri_RelationDesc)->constr != NULL)
		ExecConstraints(info, slot, estate);
	return tc_fdw_volatile_write(work->table, work->form.operation,
								 work->form.do_nothing, keys, slot);
}

/* Write one row of a durable map; false when nothing was done. */
static bool
write_durable(EState *estate, ResultRelInfo *info, TupleTableSlot *slot,
			  const Datum *keys)
{
	const TcModify *work = info->ri_FdwState;
	MemoryContext caller =
		MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	ParamListInfo params = tc_fdw_statement_params(work->one);
	bool written;

	bind_columns(work, slot, params, bind_old_key(work, keys, params));
	written = execute(work, work->one, params, slot) > 0;
	MemoryContextSwitchTo(caller);
	return written;
}

/* Write one row; NULL when nothing was done. */
static TupleTableSlot *
write_one(EState *estate, ResultRelInfo *info, TupleTableSlot *slot,
		  TupleTableSlot *scanned)
{
	const TcModify *work = info->ri_FdwState;
	Datum keys[INDEX_MAX_KEYS];
	bool written;

	take_old_key(work, scanned, keys);
	if (work->written != NULL && tc_fdw_written_has(work->written, keys))
		return NULL;
	written = work->table->map->def.durable
		? write_durable(estate, info, slot, keys)
		: write_volatile(estate, info, slot, keys);
	if (written && work->written != NULL)
		tc_fdw_written_add(work->written, keys);
	return written ? slot : NULL;
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
	MemoryContext caller;
	ParamListInfo params;
	uint64 rows;
	int done = 0;

	if (*nslots < work->batch_rows)
	{
		for (int i = 0; i < *nslots; i++)
		{
			/* the slots are the executor's, and nobody looks at them again */
			if (write_one(estate, info, slots[i], NULL) != NULL)
				done++;
		}
		*nslots = done;
		return slots;
	}
	if (work->batch == NULL)
		work->batch = plan_write(work, work->batch_rows);
	caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	params = tc_fdw_statement_params(work->batch);
	for (int i = 0; i < *nslots; i++)
		bind_columns(work, slots[i], params,
					 i * list_length(work->form.columns));
	rows = execute(work, work->batch, params, NULL);
	Assert(rows <= *nslots);
	*nslots = Min(rows, *nslots);
	MemoryContextSwitchTo(caller);
	return slots;
}

/*
 * How many rows may be inserted together.  One at a time where somebody looks
 * at each of them as it goes, where rules make other rows of them, where there
 * is nothing to set, and where the map has no table.
 */
static int
batch_size(ResultRelInfo *info)
{
	TcModify *work = info->ri_FdwState;
	TriggerDesc *triggers = info->ri_TrigDesc;
	int columns = work != NULL ? list_length(work->form.columns) : 0;

	if (columns == 0 || !work->table->map->def.durable ||
		work->backing->rd_rules != NULL || info->ri_projectReturning != NULL ||
		info->ri_WithCheckOptions != NIL ||
		(triggers != NULL &&
		 (triggers->trig_insert_before_row || triggers->trig_insert_after_row)))
		return 1;
	work->batch_rows = Min(BATCH_ROWS, MAX_PARAMETERS / columns);
	return work->batch_rows;
}

/* ----- beginning and end ----- */

/* The right that an operation takes. */
static AclMode
right_to(CmdType operation)
{
	switch (operation)
	{
		case CMD_INSERT:
			return ACL_INSERT;
		case CMD_UPDATE:
			return ACL_UPDATE;
		default:
			return ACL_DELETE;
	}
}

/* A row is found again by its key, which must be one row's alone. */
static void
require_unique_key(const TcModify *work)
{
	const TcMap *map = work->table->map;

	if (work->form.operation == CMD_INSERT || !map->def.durable ||
		OidIsValid(map->key_index.index))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot change rows of map \"%s\" through a foreign table",
					map->name),
			 errdetail("Its table has no unique index on the key."),
			 errhint("Create one, or change the rows of the table itself.")));
}

/* What the statement on the backing table does. */
static void
describe_write(EState *estate, ResultRelInfo *info, TcModify *work,
			   CmdType operation, bool do_nothing, List *looked_at,
			   Bitmapset *named, bool whole)
{
	Relation rel = info->ri_RelationDesc;
	TcStatementForm *form = &work->form;

	if (has_triggers_after(rel, operation))
		looked_at = list_make1_int(InvalidAttrNumber);

	form->table = work->table;
	form->operation = operation;
	form->do_nothing = do_nothing;
	form->rows = 1;
	form->by_key = operation != CMD_INSERT;
	form->user = tc_result_user(info, estate);
	if (!OidIsValid(form->user))
		form->user = GetUserId();
	if (operation != CMD_DELETE)
		form->columns =
			columns_to_set(rel, work->table, named,
						   whole || has_triggers_before(rel, operation));
	form->returned = columns_to_return(work->table, looked_at);
	form->used = form->returned;
	form->rights = right_to(operation) |
		(form->returned != NIL ? ACL_SELECT : ACL_NO_RIGHTS);
}

static TcModify *
make_work(EState *estate, ResultRelInfo *info, CmdType operation,
		  bool do_nothing, List *looked_at, Bitmapset *named, bool whole)
{
	Relation rel = info->ri_RelationDesc;
	TcModify *work = palloc0(sizeof(TcModify));

	work->context = CurrentMemoryContext;
	work->table = tc_fdw_table_of(RelationGetRelid(rel));
	if (!work->table->has_key && !work->table->map->def.durable)
		require_key(rel, work->table);
	describe_write(estate, info, work, operation, do_nothing, looked_at, named,
				   whole);
	if (!work->table->map->def.durable)
		return work;
	require_unique_key(work);
	tc_fdw_statement_check(&work->form);

	/* as long as it is open, nobody in this session alters it */
	work->backing = table_open(work->table->map->relation, RowExclusiveLock);
	work->one = plan_write(work, 1);
	return work;
}

/* Columns as a set of those that permissions are asked for. */
static Bitmapset *
as_set(List *columns)
{
	Bitmapset *set = NULL;
	ListCell *cell;

	foreach (cell, columns)
		set = bms_add_member(set,
							 lfirst_int(cell) -
								 FirstLowInvalidHeapAttributeNumber);
	return set;
}

/* COPY gives the columns that it names, and those that have defaults. */
static Bitmapset *
set_by_copy(ResultRelInfo *info, EState *estate)
{
	TupleDesc desc = RelationGetDescr(info->ri_RelationDesc);
	Bitmapset *set = bms_copy(ExecGetInsertedCols(info, estate));

	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->atthasdef)
			set =
				bms_add_member(set, i + 1 - FirstLowInvalidHeapAttributeNumber);
	}
	return set;
}

static void
begin_modify(ModifyTableState *node, ResultRelInfo *info, List *private,
			 int subplan, int flags)
{
	TcModify *work;
	Bitmapset *named;
	Plan *scan = outerPlanState(node)->plan;

	if (flags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	named = node->operation == CMD_INSERT
		? as_set(lfourth(private))
		: ExecGetUpdatedCols(info, node->ps.state);
	work = make_work(node->ps.state, info, node->operation,
					 intVal(linitial(private)) != 0, lsecond(private), named,
					 false);
	info->ri_FdwState = work;
	if (node->operation == CMD_UPDATE && intVal(lthird(private)) != 0)
		work->written = tc_fdw_written_make(&work->table->map->layout);
	for (int k = 0;
		 work->form.operation != CMD_INSERT && k < work->table->key.n; k++)
	{
		work->old_key[k] =
			ExecFindJunkAttributeInTlist(scan->targetlist,
										 psprintf(OLD_KEY, k + 1));
		if (!AttributeNumberIsValid(work->old_key[k]))
			elog(ERROR, "could not find the key of the row");
	}
}

/* COPY FROM, and rows that are routed to a partition: these are whole. */
static void
begin_insert(ModifyTableState *node, ResultRelInfo *info)
{
	ModifyTable *plan = (ModifyTable *) node->ps.plan;
	bool do_nothing =
		plan != NULL && plan->onConflictAction == ONCONFLICT_NOTHING;
	List *looked_at = NIL;

	if (info->ri_FdwState != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot route tuples into foreign table \"%s\", "
						"which is also to be updated",
						RelationGetRelationName(info->ri_RelationDesc))));
	if (info->ri_returningList != NIL || info->ri_WithCheckOptions != NIL)
		looked_at = list_make1_int(InvalidAttrNumber);
	info->ri_FdwState = make_work(node->ps.state, info, CMD_INSERT, do_nothing,
								  looked_at, set_by_copy(info, node->ps.state),
								  info->ri_RootResultRelInfo != NULL);
}

static void
end_insert(EState *estate, ResultRelInfo *info)
{
	TcModify *work = info->ri_FdwState;

	if (work != NULL && work->backing != NULL)
		table_close(work->backing, NoLock);
	info->ri_FdwState = NULL;
}

/* ----- TRUNCATE ----- */

/* Remove all records of a volatile map. */
static void
clear_volatile(TcMap *map)
{
	TcScan *scan = tc_scan_begin(map, CurrentMemoryContext);
	Datum keys[INDEX_MAX_KEYS];
	TcValue value;

	while (tc_scan_next(scan, keys, &value))
		(void) tc_volatile_remove(map, keys);
	tc_scan_end(scan);
}

/* The tables behind durable maps are truncated by one command. */
static void
truncate_maps(List *rels, DropBehavior behavior, bool restart_identity)
{
	TruncateStmt *command = makeNode(TruncateStmt);
	ListCell *cell;

	command->behavior = behavior;
	command->restart_seqs = restart_identity;
	foreach (cell, rels)
	{
		TcForeignTable *table =
			tc_fdw_table_of(RelationGetRelid((Relation) lfirst(cell)));
		TcMap *map = table->map;

		if (!map->def.durable)
		{
			clear_volatile(map);
			continue;
		}

		/* as for other statements (tc_fdw_statement_check) */
		if (pg_class_aclcheck(map->relation, table->owner, ACL_TRUNCATE) !=
			ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, map->name);
		command->relations =
			lappend(command->relations,
					makeRangeVar(get_namespace_name(map->schema),
								 pstrdup(map->name), -1));
	}
	if (command->relations != NIL)
		ExecuteTruncate(command);
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
