/*-------------------------------------------------------------------------
 *
 * fdw_query.c
 *	  Queries of the table behind a foreign table, made without text.
 *
 * Structure: a query is put together as the parser would have made it, of the
 * table's own number and those of its columns, types and operators.  So no
 * setting and no name has a part in what it means, and values are parameters
 * of their own types.
 *
 * Failure: errors are the table's own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parse_coerce.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "base/pg_compat.h"
#include "fdw/fdw_query.h"
#include "fdw/fdw_rights.h"

/* A query in the making. */
typedef struct Building
{
	const TcStatementForm *form;
	ParseState *pstate;
	Relation rel;
	Query *query;
	TcFdwQuery *made;
} Building;

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
	TcFdwQuery *made = building->made;
	Param *param = makeNode(Param);

	made->types[made->nparams++] = type;
	param->paramkind = PARAM_EXTERN;
	param->paramid = made->nparams;
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
	building->query->override = building->form->override;
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
	tc_fdw_rights_ask(form, tc_item_permissions(item));
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

void
tc_fdw_query_make(const TcStatementForm *form, TcFdwQuery *made)
{
	Building building = {.form = form, .made = made};

	made->nparams = 0;
	made->types = palloc(most_params(form) * sizeof(Oid));
	building.rel = table_open(form->table->map->relation, lock_mode(form));
	building.pstate = make_parsestate(NULL);
	made->query = build_query(&building);
	free_parsestate(building.pstate);
	table_close(building.rel, NoLock);
}
