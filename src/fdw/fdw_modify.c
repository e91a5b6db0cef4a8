/*-------------------------------------------------------------------------
 *
 * fdw_modify.c
 *	  Writes through foreign tables: plans, begins and ends.
 *
 * Structure: each kind of write is one statement on the backing table,
 * planned when the writing begins and executed for each row, or for many
 * that are inserted (fdw_write.c).  A row is found again by its key, which
 * travels as hidden columns.
 *
 * Failure: errors are those of the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "fdw/fdw_modify.h"
#include "fdw/fdw_rights.h"
#include "fdw/fdw_truncate.h"
#include "fdw/fdw_write.h"

/*
 * Name of the hidden column with a key column of the row as it was.  Foreign
 * tables with one parent have hidden columns of one name in common, which must
 * then be the same column.
 */
static char *
old_key_name(Relation rel, AttrNumber number)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), number - 1);

	return psprintf("topcache_key_%d_%u_%d_%u", number, att->atttypid,
					att->atttypmod, att->attcollation);
}

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

		add_row_identity_var(root, var, rti, old_key_name(rel, number));
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
 * is looked at, whether a join may bring rows several times, which columns an
 * INSERT sets, and what it does with identity columns.
 */
static List *
plan_modify(PlannerInfo *root, ModifyTable *plan, Index result, int subplan)
{
	if (plan->onConflictAction == ONCONFLICT_UPDATE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("INSERT with ON CONFLICT DO UPDATE is not "
						"supported for foreign tables")));
	return list_make5(makeInteger(plan->onConflictAction == ONCONFLICT_NOTHING),
					  looked_at(plan, result, subplan),
					  makeInteger(bms_membership(root->all_baserels) ==
								  BMS_MULTIPLE),
					  set_by_insert(root), makeInteger(root->parse->override));
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
require_unique_key(const TcFdwWrite *work)
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
describe_write(EState *estate, ResultRelInfo *info, TcFdwWrite *work,
			   CmdType operation, bool do_nothing, OverridingKind override,
			   List *looked_at, Bitmapset *named, bool whole)
{
	Relation rel = info->ri_RelationDesc;
	TcStatementForm *form = &work->form;

	if (has_triggers_after(rel, operation))
		looked_at = list_make1_int(InvalidAttrNumber);

	form->table = work->table;
	form->operation = operation;
	form->do_nothing = do_nothing;
	form->override = override;
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

static TcFdwWrite *
make_work(EState *estate, ResultRelInfo *info, CmdType operation,
		  bool do_nothing, OverridingKind override, List *looked_at,
		  Bitmapset *named, bool whole)
{
	Relation rel = info->ri_RelationDesc;
	TcFdwWrite *work = palloc0(sizeof(TcFdwWrite));

	work->context = CurrentMemoryContext;
	work->table = tc_fdw_table_of(RelationGetRelid(rel));
	if (!work->table->has_key && !work->table->map->def.durable)
		require_key(rel, work->table);
	describe_write(estate, info, work, operation, do_nothing, override,
				   looked_at, named, whole);
	if (!work->table->map->def.durable)
		return work;
	require_unique_key(work);
	tc_fdw_rights_check(&work->form);

	/* as long as it is open, nobody in this session alters it */
	work->backing = table_open(work->table->map->relation, RowExclusiveLock);
	work->one = tc_fdw_write_plan(work, 1);
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
	TcFdwWrite *work;
	Bitmapset *named;
	Plan *scan = outerPlanState(node)->plan;

	if (flags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	named = node->operation == CMD_INSERT
		? as_set(lfourth(private))
		: ExecGetUpdatedCols(info, node->ps.state);
	work =
		make_work(node->ps.state, info, node->operation,
				  intVal(linitial(private)) != 0, intVal(list_nth(private, 4)),
				  lsecond(private), named, false);
	info->ri_FdwState = work;
	if (node->operation == CMD_UPDATE && intVal(lthird(private)) != 0)
		work->written = tc_fdw_written_make(&work->table->map->layout);
	for (int k = 0;
		 work->form.operation != CMD_INSERT && k < work->table->key.n; k++)
	{
		char *name =
			old_key_name(info->ri_RelationDesc, work->table->key.number[k]);

		work->old_key[k] = ExecFindJunkAttributeInTlist(scan->targetlist, name);
		if (!AttributeNumberIsValid(work->old_key[k]))
			elog(ERROR, "could not find the key of the row");
	}
}

/*
 * COPY FROM, and rows that are routed to a partition: these are whole.  Either
 * gives identity columns their values, as where the table itself is written.
 */
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
								  OVERRIDING_SYSTEM_VALUE, looked_at,
								  set_by_copy(info, node->ps.state),
								  info->ri_RootResultRelInfo != NULL);
}

static void
end_insert(EState *estate, ResultRelInfo *info)
{
	TcFdwWrite *work = info->ri_FdwState;

	if (work != NULL && work->backing != NULL)
		table_close(work->backing, NoLock);
	info->ri_FdwState = NULL;
}

void
tc_fdw_modify_routines(FdwRoutine *routine)
{
	routine->AddForeignUpdateTargets = add_targets;
	routine->PlanForeignModify = plan_modify;
	routine->BeginForeignModify = begin_modify;
	routine->ExecForeignInsert = tc_fdw_write_one;
	routine->ExecForeignBatchInsert = tc_fdw_write_batch;
	routine->GetForeignModifyBatchSize = tc_fdw_write_batch_size;
	routine->ExecForeignUpdate = tc_fdw_write_one;
	routine->ExecForeignDelete = tc_fdw_write_one;
	routine->EndForeignModify = end_insert;
	routine->BeginForeignInsert = begin_insert;
	routine->EndForeignInsert = end_insert;
	routine->IsForeignRelUpdatable = modifiable_events;
	routine->ExecForeignTruncate = tc_fdw_truncate;
}
