/*-------------------------------------------------------------------------
 *
 * fdw_sql.c
 *	  Conditions on a foreign table as SQL on its backing table.
 *
 * Structure: an expression is rewritten so that its columns are those of the
 * backing table and its parameters are numbered, and then turned into text
 * by PostgreSQL itself, with every name of an object in full.
 *
 * Concurrency: planning only.
 *
 * Failure: what can't be rewritten is not pushed down.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/guc.h"
#include "utils/ruleutils.h"

#include "access/fdw_sql.h"
#include "base/compat.h"

/* The name of the backing table in the statement. */
#define ALIAS "m"

typedef struct Rewriting
{
	Index relid;
	const TcForeignTable *table;
	List *params; /* as they were; their numbers are their places */
} Rewriting;

/* Is there anything that has no place in the statement? */
static bool
has_foreign_parts(Node *node, void *arg)
{
	Rewriting *rewriting = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var *var = (Var *) node;

		return var->varno != rewriting->relid || var->varlevelsup != 0 ||
			var->varattno <= 0 ||
			rewriting->table->column[var->varattno - 1].kind !=
			TC_FOREIGN_COLUMN;
	}
	if (IsA(node, Param))
		return ((Param *) node)->paramkind != PARAM_EXTERN &&
			((Param *) node)->paramkind != PARAM_EXEC;
	if (IsA(node, PlaceHolderVar) || IsA(node, CurrentOfExpr))
		return true;
	return expression_tree_walker(node, has_foreign_parts, arg);
}

bool
tc_can_push(PlannerInfo *root, RelOptInfo *rel, const TcForeignTable *table,
			RestrictInfo *rinfo)
{
	Rewriting rewriting = {rel->relid, table, NIL};
	Node *clause = (Node *) rinfo->clause;

	return !rinfo->pseudoconstant &&
		restriction_is_securely_promotable(rinfo, rel) &&
		!contain_mutable_functions(clause) && !contain_subplans(clause) &&
		!has_foreign_parts(clause, &rewriting);
}

static Node *
rewrite(Node *node, void *arg)
{
	Rewriting *rewriting = arg;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var *var = copyObject((Var *) node);

		var->varattno = rewriting->table->column[var->varattno - 1].number;
		var->varno = 1;
		var->varnosyn = 0;
		var->varattnosyn = 0;
		tc_var_plain(var);
		return (Node *) var;
	}
	if (IsA(node, Param))
	{
		Param *param = copyObject((Param *) node);

		rewriting->params = lappend(rewriting->params, copyObject(node));
		param->paramkind = PARAM_EXTERN;
		param->paramid = list_length(rewriting->params);
		return (Node *) param;
	}
	return expression_tree_mutator(node, rewrite, arg);
}

static void
append_conditions(StringInfo sql, List *conditions, Rewriting *rewriting)
{
	List *context = deparse_context_for(ALIAS, rewriting->table->map->relation);
	const char *word = " WHERE ";
	ListCell *cell;

	foreach (cell, conditions)
	{
		Node *node = rewrite(lfirst(cell), rewriting);

		appendStringInfo(sql, "%s(%s)", word,
						 deparse_expression(node, context, true, false));
		word = " AND ";
	}
	if (rewriting->table->map->shape.expires != 0)
		appendStringInfo(sql,
						 "%s(" ALIAS ".expires_at IS NULL OR " ALIAS
						 ".expires_at OPERATOR(pg_catalog.>) "
						 "pg_catalog.statement_timestamp())",
						 word);
}

char *
tc_foreign_sql(RelOptInfo *rel, const TcForeignTable *table, List *columns,
			   List *conditions, int order_by, bool descending, bool for_update,
			   List **params)
{
	Rewriting rewriting = {rel->relid, table, NIL};
	StringInfoData sql;
	const char *comma = "";
	int level;
	ListCell *cell;

	/* names that are not in this path are written in full */
	level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	foreach (cell, columns)
	{
		appendStringInfo(&sql, "%s" ALIAS ".%s", comma,
						 table->column[lfirst_int(cell) - 1].name);
		comma = ", ";
	}
	appendStringInfo(&sql, " FROM %s AS " ALIAS, tc_map_sql_name(table->map));
	append_conditions(&sql, conditions, &rewriting);
	for (int i = 0; i < order_by; i++)
		appendStringInfo(&sql, "%s" ALIAS ".%s%s", i == 0 ? " ORDER BY " : ", ",
						 table->column[table->key.number[i] - 1].name,
						 descending ? " DESC" : "");
	if (for_update)
		appendStringInfoString(&sql, " FOR UPDATE");
	AtEOXact_GUC(true, level);
	*params = rewriting.params;
	return sql.data;
}
