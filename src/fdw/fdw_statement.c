/*-------------------------------------------------------------------------
 *
 * fdw_statement.c
 *	  Statements on the table behind a foreign table, made without text.
 *
 * Structure: a query is put together as the parser would have made it, of the
 * table's own number and those of its columns, types and operators.  So no
 * setting and no name has a part in what it means, and values are parameters
 * of their own types.  PostgreSQL rewrites, plans and executes it.
 *
 * All code that a statement leads to runs as the current user: policies,
 * rules, triggers, defaults, checks.  Rights are asked of the user that the
 * form names, who is the owner of a view that the query came through.  Both
 * is as with a view over the table itself.
 *
 * Concurrency: that of the statements.  Who plans one keeps the table locked.
 *
 * Failure: errors are the table's own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_coerce.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/pg_compat.h"
#include "fdw/fdw_statement.h"
#include "table/privileges.h"

/* What stands where the text of a statement would. */
#define SOURCE "statement of a foreign table of topcache"

struct TcStatement
{
	TcStatementForm form;
	List *plans;
	int nparams;
	Oid *types; /* of parameters */
};

/* A query in the making. */
typedef struct Building
{
	const TcStatementForm *form;
	ParseState *pstate;
	Relation rel;
	Query *query;
	TcStatement *statement;
} Building;

/* ----- rights ----- */

static Bitmapset *
add_columns(Bitmapset *set, const TcForeignTable *table, List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
		set = bms_add_member(set,
							 table->column[lfirst_int(cell) - 1].number -
								 FirstLowInvalidHeapAttributeNumber);
	return set;
}

/* What the statement needs rights for. */
static void
set_permissions(const TcStatementForm *form, TcPermissions *permissions)
{
	permissions->requiredPerms = form->rights;
	permissions->checkAsUser = form->user;
	permissions->selectedCols = add_columns(NULL, form->table, form->used);
	if (form->operation == CMD_INSERT)
		permissions->insertedCols =
			add_columns(NULL, form->table, form->columns);
	if (form->operation == CMD_UPDATE)
		permissions->updatedCols =
			add_columns(NULL, form->table, form->columns);
}

/* Has a user the rights that the statement takes? */
static void
check_as(const TcStatementForm *form, Oid user)
{
	const TcMap *map = form->table->map;
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	List *all = NIL;
	TcPermissions *permissions;

	/* who names the table in an option has not been asked yet */
	if (!tc_may_use_schema(map->schema, user))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA,
					   get_namespace_name(map->schema));
	rte->rtekind = RTE_RELATION;
	rte->relid = map->relation;
	rte->relkind = map->relkind;
	permissions = tc_add_permissions(rte, &all);
	set_permissions(form, permissions);
	permissions->checkAsUser = user;
	tc_check_permissions(list_make1(rte), all);
}

/*
 * What the foreign table shows is its owner's word.  So he may show and write
 * no more than he may himself, whoever it is done for: else he could lead a
 * view of somebody else's, or a job, to any table that its owner may use.
 */
void
tc_fdw_statement_check(const TcStatementForm *form)
{
	Oid owner = form->table->owner;

	check_as(form, form->user);
	if (owner == form->user)
		return;
	check_as(form, owner);

	/* who owns the table can have any policies */
	if (tc_privileges_policies_apply_to(form->table->map, owner) &&
		!tc_owns_relation(form->table->map->relation, owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("policies of table \"%s\" apply to the owner of the "
						"foreign table",
						form->table->map->name)));
}

/* ----- expressions ----- */

static Var *
column_var(const Building *building, AttrNumber number)
{
	Form_pg_attribute att =
		TupleDescAttr(RelationGetDescr(building->rel), number - 1);

	return makeVar(1, number, att->atttypid, att->atttypmod, att->attcollation,
				   0);
}

/* The next parameter. */
static Param *
make_param(Building *building, Oid type, Oid collation)
{
	TcStatement *statement = building->statement;
	Param *param = makeNode(Param);

	statement->types[statement->nparams++] = type;
	param->paramkind = PARAM_EXTERN;
	param->paramid = statement->nparams;
	param->paramtype = type;
	param->paramtypmod = -1;
	param->paramcollid = collation;
	param->location = -1;
	return param;
}

/* Columns as a list of targets. */
static List *
column_targets(const Building *building, List *columns)
{
	const TcForeignTable *table = building->form->table;
	List *targets = NIL;
	ListCell *cell;

	foreach (cell, columns)
	{
		Var *var =
			column_var(building, table->column[lfirst_int(cell) - 1].number);

		targets =
			lappend(targets,
					makeTargetEntry((Expr *) var, list_length(targets) + 1,
									get_attname(table->map->relation,
												var->varattno, false),
									false));
	}
	return targets;
}

/* A parameter for a column that is set, in the column's form. */
static Expr *
column_value(Building *building, int attribute)
{
	AttrNumber number = building->form->table->column[attribute - 1].number;
	Var *var = column_var(building, number);
	Param *param = make_param(building, var->vartype, var->varcollid);

	return (Expr *) coerce_to_target_type(building->pstate, (Node *) param,
										  var->vartype, var->vartype,
										  var->vartypmod, COERCION_ASSIGNMENT,
										  COERCE_IMPLICIT_CAST, -1);
}

/* An expression as an operator takes it. */
static Expr *
as_operand(Expr *expr, Oid from, Oid type)
{
	return (Expr *) coerce_type(NULL, (Node *) expr, from, type, -1,
								COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
}

/* "column = parameter", by the equality of the column's own type. */
static Expr *
key_condition(Building *building, const TcColumn *column)
{
	Var *var = column_var(building, column->number);
	Param *param = make_param(building, column->base_type, var->varcollid);
	Oid operator= lookup_type_cache(column->base_type, TYPECACHE_EQ_OPR)
		->eq_opr;
	Oid left;
	Oid right;

	op_input_types(operator, & left, &right);
	return make_opclause(operator, BOOLOID, false,
						 as_operand((Expr *) var, var->vartype, left),
						 as_operand((Expr *) param, column->base_type, right),
						 InvalidOid, var->varcollid);
}

/* "expires_at IS NULL OR expires_at > statement_timestamp()" */
static Expr *
live_condition(Building *building)
{
	Var *var = column_var(building, building->form->table->map->layout.expires);
	NullTest *absent = makeNode(NullTest);
	FuncExpr *now = makeFuncExpr(F_STATEMENT_TIMESTAMP, TIMESTAMPTZOID, NIL,
								 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	Oid operator= lookup_type_cache(TIMESTAMPTZOID, TYPECACHE_GT_OPR)->gt_opr;
	Expr *later = make_opclause(operator, BOOLOID, false, (Expr *) var,
								(Expr *) now, InvalidOid, InvalidOid);

	absent->arg = copyObject((Expr *) var);
	absent->nulltesttype = IS_NULL;
	absent->location = -1;
	return makeBoolExpr(OR_EXPR, list_make2(absent, later), -1);
}

/* Which rows the statement is about. */
static Node *
conditions(Building *building)
{
	const TcRowLayout *layout = &building->form->table->map->layout;
	List *all = NIL;

	for (int k = 0; building->form->by_key && k < layout->nkeys; k++)
		all = lappend(all, key_condition(building, &layout->keys[k]));
	if (layout->expires != 0)
		all = lappend(all, live_condition(building));
	return (Node *) (all != NIL ? make_ands_explicit(all) : NULL);
}

/* ----- queries ----- */

/* Have the query go through the rows of its n-th relation. */
static void
go_through(Building *building, int n)
{
	RangeTblRef *reference = makeNode(RangeTblRef);

	reference->rtindex = n;
	building->query->jointree->fromlist = list_make1(reference);
}

static void
build_select(Building *building)
{
	Query *query = building->query;
	const TcStatementForm *form = building->form;

	go_through(building, 1);
	query->jointree->quals = conditions(building);
	query->targetList = column_targets(building, form->columns);
	if (form->with_place)
	{
		Var *place = makeVar(1, SelfItemPointerAttributeNumber, TIDOID, -1,
							 InvalidOid, 0);

		query->targetList =
			lappend(query->targetList,
					makeTargetEntry((Expr *) place,
									list_length(query->targetList) + 1, "ctid",
									false));
	}
	if (form->lock != LCS_NONE)
	{
		RowMarkClause *mark = makeNode(RowMarkClause);

		mark->rti = 1;
		mark->strength = form->lock;
		mark->waitPolicy = form->wait;
		query->rowMarks = list_make1(mark);
		query->hasForUpdate = true;
	}
}

/* Set a column to an expression. */
static void
set_column(Building *building, int attribute, Expr *value)
{
	AttrNumber number = building->form->table->column[attribute - 1].number;
	char *name =
		get_attname(building->form->table->map->relation, number, false);

	building->query->targetList =
		lappend(building->query->targetList,
				makeTargetEntry(value, number, name, false));
}

static void
set_to_parameters(Building *building)
{
	ListCell *cell;

	foreach (cell, building->form->columns)
		set_column(building, lfirst_int(cell),
				   column_value(building, lfirst_int(cell)));
}

/* VALUES, as a relation of the query. */
static void
add_values(Building *building)
{
	const TcStatementForm *form = building->form;
	List *rows = NIL;
	List *types = NIL;
	List *typmods = NIL;
	List *collations = NIL;
	ListCell *cell;

	for (int row = 0; row < form->rows; row++)
	{
		List *values = NIL;

		foreach (cell, form->columns)
			values = lappend(values, column_value(building, lfirst_int(cell)));
		rows = lappend(rows, values);
	}
	foreach (cell, form->columns)
	{
		int attribute = lfirst_int(cell);
		Var *var =
			column_var(building, form->table->column[attribute - 1].number);

		types = lappend_oid(types, var->vartype);
		typmods = lappend_int(typmods, var->vartypmod);
		collations = lappend_oid(collations, var->varcollid);
		var = makeVar(2, foreach_current_index(cell) + 1, var->vartype,
					  var->vartypmod, var->varcollid, 0);
		set_column(building, attribute, (Expr *) var);
	}
	(void) addRangeTableEntryForValues(building->pstate, rows, types, typmods,
									   collations, NULL, false, true);
	go_through(building, 2);
}

static void
build_insert(Building *building)
{
	if (building->form->rows > 1)
		add_values(building);
	else
		set_to_parameters(building);
	if (building->form->do_nothing)
	{
		building->query->onConflict = makeNode(OnConflictExpr);
		building->query->onConflict->action = ONCONFLICT_NOTHING;
	}
}

/* UPDATE and DELETE; the key comes first among the parameters. */
static void
build_change(Building *building)
{
	go_through(building, 1);
	building->query->jointree->quals = conditions(building);
	if (building->form->operation == CMD_UPDATE)
		set_to_parameters(building);
}

/* How the statement locks its table. */
static LOCKMODE
lock_mode(const TcStatementForm *form)
{
	if (form->operation != CMD_SELECT)
		return RowExclusiveLock;
	return form->lock != LCS_NONE ? RowShareLock : AccessShareLock;
}

static Query *
build_query(Building *building)
{
	const TcStatementForm *form = building->form;
	Query *query = makeNode(Query);
	ParseNamespaceItem *item;

	building->query = query;
	query->commandType = form->operation;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->jointree = makeFromExpr(NIL, NULL);
	item = addRangeTableEntryForRelation(building->pstate, building->rel,
										 lock_mode(form), NULL,
										 form->operation != CMD_INSERT,
										 form->operation == CMD_SELECT);
	set_permissions(form, tc_item_permissions(item));
	if (form->operation != CMD_SELECT)
		query->resultRelation = 1;
	if (form->operation == CMD_SELECT)
		build_select(building);
	else if (form->operation == CMD_INSERT)
		build_insert(building);
	else
		build_change(building);
	query->returningList = column_targets(building, form->returned);
	tc_query_take_relations(query, building->pstate);
	return query;
}

/* As many parameters as the form can have. */
static int
most_params(const TcStatementForm *form)
{
	return form->table->map->layout.nkeys +
		Max(form->rows, 1) * list_length(form->columns);
}

TcStatement *
tc_fdw_statement_plan(const TcStatementForm *form)
{
	TcStatement *statement = palloc0(sizeof(TcStatement));
	Building building = {.form = form, .statement = statement};
	Query *query;

	statement->form = *form;
	statement->types = palloc(most_params(form) * sizeof(Oid));
	building.rel = table_open(form->table->map->relation, lock_mode(form));
	building.pstate = make_parsestate(NULL);
	query = build_query(&building);
	free_parsestate(building.pstate);
	statement->plans =
		pg_plan_queries(pg_rewrite_query(query), SOURCE,
						form->operation == CMD_SELECT ? CURSOR_OPT_FAST_PLAN
													  : 0,
						NULL);
	table_close(building.rel, NoLock);
	return statement;
}

/* ----- execution ----- */

ParamListInfo
tc_fdw_statement_params(const TcStatement *statement)
{
	ParamListInfo params = makeParamList(statement->nparams);

	for (int i = 0; i < statement->nparams; i++)
	{
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = statement->types[i];
		params->params[i].isnull = true;
	}
	return params;
}

QueryDesc *
tc_fdw_statement_open(const TcStatement *statement, Snapshot snapshot,
					  CommandId command, ParamListInfo params)
{
	QueryDesc *query =
		CreateQueryDesc(linitial_node(PlannedStmt, statement->plans), SOURCE,
						snapshot, InvalidSnapshot, None_Receiver, params, NULL,
						0);

	ExecutorStart(query, 0);

	/* rows that this command has changed since are told from others by it */
	query->estate->es_output_cid = command;
	return query;
}

TupleTableSlot *
tc_fdw_statement_next(QueryDesc *query)
{
	MemoryContext caller = MemoryContextSwitchTo(query->estate->es_query_cxt);
	TupleTableSlot *row = ExecProcNode(query->planstate);

	MemoryContextSwitchTo(caller);
	if (TupIsNull(row))
		return NULL;
	slot_getallattrs(row);
	return row;
}

void
tc_fdw_statement_close(QueryDesc *query)
{
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
}

/* The row that was written last, to be shown. */
typedef struct Showing
{
	DestReceiver receiver;
	const TcStatementForm *form;
	TupleTableSlot *slot; /* or NULL */
	MemoryContext context;
	Datum *values; /* of the slot; NULL: there is no row */
	bool *nulls;
} Showing;

/* Keep a row.  The slot may still have what parameters point to. */
static bool
keep_row(TupleTableSlot *row, DestReceiver *self)
{
	Showing *showing = (Showing *) self;
	int natts = showing->form->table->natts;
	MemoryContext caller;
	ListCell *cell;

	if (showing->slot == NULL)
		return true;
	caller = MemoryContextSwitchTo(showing->context);
	slot_getallattrs(row);
	showing->values = palloc0(natts * sizeof(Datum));
	showing->nulls = palloc(natts * sizeof(bool));
	memset(showing->nulls, true, natts * sizeof(bool));
	foreach (cell, showing->form->returned)
	{
		int column = foreach_current_index(cell);
		int i = lfirst_int(cell) - 1;
		Form_pg_attribute att =
			TupleDescAttr(showing->slot->tts_tupleDescriptor, i);

		showing->nulls[i] = row->tts_isnull[column];
		if (!showing->nulls[i])
			showing->values[i] =
				datumCopy(row->tts_values[column], att->attbyval, att->attlen);
	}
	MemoryContextSwitchTo(caller);
	return true;
}

/* Show the row that was kept, if one was. */
static void
show_row(const Showing *showing)
{
	TupleTableSlot *slot = showing->slot;
	int natts = showing->form->table->natts;

	if (showing->values == NULL)
		return;
	ExecClearTuple(slot);
	memcpy(slot->tts_values, showing->values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, showing->nulls, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
}

static void
begin_showing(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
end_showing(DestReceiver *self)
{
}

/* Execute one of the plans that rules have made of the statement. */
static uint64
run_plan(PlannedStmt *plan, ParamListInfo params, DestReceiver *receiver)
{
	QueryDesc *query;
	uint64 rows;

	if (plan->commandType == CMD_UTILITY)
	{
		ProcessUtility(plan, SOURCE, true, PROCESS_UTILITY_QUERY, params, NULL,
					   receiver, NULL);
		return 0;
	}
	query = CreateQueryDesc(plan, SOURCE, GetActiveSnapshot(), InvalidSnapshot,
							receiver, params, NULL, 0);
	ExecutorStart(query, 0);
	tc_executor_run(query);
	rows = query->estate->es_processed;
	tc_fdw_statement_close(query);
	return rows;
}

uint64
tc_fdw_statement_run(const TcStatement *statement, ParamListInfo params,
					 TupleTableSlot *slot)
{
	Showing showing = {{.receiveSlot = keep_row,
						.rStartup = begin_showing,
						.rShutdown = end_showing,
						.rDestroy = end_showing,
						.mydest = DestNone},
					   &statement->form,
					   statement->form.returned != NIL ? slot : NULL,
					   CurrentMemoryContext,
					   NULL,
					   NULL};
	uint64 rows = 0;
	ListCell *cell;

	/* each is a command of its own, as with SPI */
	foreach (cell, statement->plans)
	{
		PlannedStmt *plan = lfirst_node(PlannedStmt, cell);

		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		if (plan->canSetTag)
			rows = run_plan(plan, params, &showing.receiver);
		else
			(void) run_plan(plan, params, None_Receiver);
		PopActiveSnapshot();
	}
	CommandCounterIncrement();
	show_row(&showing);
	return rows;
}
