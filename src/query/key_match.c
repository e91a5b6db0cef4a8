/*-------------------------------------------------------------------------
 *
 * key_match.c
 *	  Finds the conditions of a query that give the whole key of a map.
 *
 * Structure: a condition counts when it is "column = something else" by an
 * equality operator of the column type's own operator family, or "column =
 * ANY (array)" for one column of the key.  The other side is cast to the
 * column's type where that is done implicitly: within an operator family
 * such a cast keeps what is equal equal.  An int8 that is compared with an
 * int4 column is left alone, for it may have no int4.
 *
 * A match is made once, for a path, and kept with it: by the time of the plan
 * the conditions may be in another order, and some replaced by others.
 *
 * Concurrency: planning only.
 *
 * Failure: what does not fit is left to other plans.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parse_coerce.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/typcache.h"

#include "base/pg_compat.h"
#include "query/key_match.h"

/* Elements of an array whose length is not known. */
#define USUAL_ELEMENTS 10

void
tc_key_match_columns(const TcMap *map, TcKeyColumns *key)
{
	key->n = map->layout.nkeys;
	for (int k = 0; k < key->n; k++)
	{
		key->number[k] = map->layout.keys[k].number;
		key->type[k] = map->layout.keys[k].base_type;
	}
}

/* Which column of the key is this?  -1: none. */
static int
key_column(const RelOptInfo *rel, const TcKeyColumns *key, Node *node)
{
	Var *var;

	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (node == NULL || !IsA(node, Var))
		return -1;
	var = (Var *) node;
	if (var->varno != rel->relid || var->varlevelsup != 0)
		return -1;
	for (int i = 0; i < key->n; i++)
	{
		if (key->number[i] == var->varattno)
			return i;
	}
	return -1;
}

/* Is this an equality of values of the type, by its own family? */
static bool
is_equality(Oid operator, Oid type, Oid collation)
{
	TypeCacheEntry *cache =
		lookup_type_cache(type,
						  TYPECACHE_BTREE_OPFAMILY | TYPECACHE_HASH_OPFAMILY);

	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		return false;
	return (OidIsValid(cache->btree_opf) &&
			get_op_opfamily_strategy(operator, cache->btree_opf) ==
				BTEqualStrategyNumber) ||
		(OidIsValid(cache->hash_opf) &&
		 get_op_opfamily_strategy(operator, cache->hash_opf) ==
			 HTEqualStrategyNumber);
}

/* Is every value of a type one of the other, and equal to the same ones? */
static bool
is_within(Oid from, Oid type)
{
	switch (from)
	{
		case INT2OID:
			return type == INT4OID || type == INT8OID;
		case INT4OID:
			return type == INT8OID;
		case FLOAT4OID:
			return type == FLOAT8OID;
		default:
			return IsBinaryCoercible(from, type);
	}
}

/* An expression as a value of a type; NULL where that could change it. */
static Node *
as_type(Node *expr, Oid type)
{
	Oid from = exprType(expr);

	if (from == type)
		return expr;
	if (!is_within(from, type) ||
		!can_coerce_type(1, &from, &type, COERCION_IMPLICIT))
		return NULL;
	return coerce_type(NULL, expr, from, type, -1, COERCION_IMPLICIT,
					   COERCE_IMPLICIT_CAST, -1);
}

/* May the other side be computed before the row is there? */
static bool
is_outside(const RelOptInfo *rel, PlannerInfo *root, Node *expr)
{
	return !bms_is_member(rel->relid, pull_varnos(root, expr)) &&
		!contain_volatile_functions(expr) && !contain_subplans(expr);
}

/* "column = value", either way round. */
static int
match_equality(PlannerInfo *root, const RelOptInfo *rel,
			   const TcKeyColumns *key, OpExpr *op, Node **value)
{
	Node *sides[2];

	if (list_length(op->args) != 2)
		return -1;
	sides[0] = linitial(op->args);
	sides[1] = lsecond(op->args);
	for (int side = 0; side < 2; side++)
	{
		int column = key_column(rel, key, sides[side]);
		Oid operator= side == 0 ? op->opno : get_commutator(op->opno);

		if (column < 0 || !OidIsValid(operator) ||
			!is_equality(operator, key->type[column], op->inputcollid) ||
			!is_outside(rel, root, sides[1 - side]))
			continue;
		*value = as_type(sides[1 - side], key->type[column]);
		if (*value != NULL)
			return column;
	}
	return -1;
}

/* "column = ANY (array)" */
static int
match_array(PlannerInfo *root, const RelOptInfo *rel, const TcKeyColumns *key,
			ScalarArrayOpExpr *op, Node **value)
{
	int column = key_column(rel, key, linitial(op->args));
	Node *array = lsecond(op->args);
	Oid array_type;

	if (!op->useOr || column < 0 ||
		!is_equality(op->opno, key->type[column], op->inputcollid) ||
		!is_outside(rel, root, array))
		return -1;
	array_type = get_array_type(key->type[column]);
	if (!OidIsValid(array_type) ||
		!OidIsValid(
			lookup_type_cache(key->type[column], TYPECACHE_CMP_PROC)->cmp_proc))
		return -1;
	*value = as_type(array, array_type);
	return *value != NULL ? column : -1;
}

/* Which column of the key does a condition give?  -1: none. */
static int
match_clause(PlannerInfo *root, const RelOptInfo *rel, const TcKeyColumns *key,
			 Expr *clause, Node **value, bool *is_array)
{
	*is_array = false;
	if (IsA(clause, OpExpr))
		return match_equality(root, rel, key, (OpExpr *) clause, value);
	if (!IsA(clause, ScalarArrayOpExpr))
		return -1;
	*is_array = true;
	return match_array(root, rel, key, (ScalarArrayOpExpr *) clause, value);
}

/* Let conditions give the columns that are missing: only arrays, or the rest. */
static void
find_values(PlannerInfo *root, RelOptInfo *rel, const TcKeyColumns *key,
			List *clauses, bool arrays, Node **values, TcKeyMatch *match)
{
	ListCell *cell;

	foreach (cell, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		Node *value;
		bool is_array;
		int column;

		if (rinfo->pseudoconstant ||
			!restriction_is_securely_promotable(rinfo, rel))
			continue;
		column = match_clause(root, rel, key, rinfo->clause, &value, &is_array);
		if (column < 0 || is_array != arrays || values[column] != NULL ||
			(is_array && match->array >= 0))
			continue;
		values[column] = value;
		match->clauses = lappend(match->clauses, rinfo);
		if (is_array)
		{
			match->array = column;
			match->keys = tc_array_length(root, value);
			if (match->keys <= 0)
				match->keys = USUAL_ELEMENTS;
		}
	}
}

bool
tc_key_match_find_among(PlannerInfo *root, RelOptInfo *rel,
						const TcKeyColumns *key, List *clauses,
						TcKeyMatch *match)
{
	Node *values[INDEX_MAX_KEYS] = {NULL};

	memset(match, 0, sizeof(TcKeyMatch));
	match->array = -1;
	match->keys = 1;

	/* one array is all there may be, so it is for what nothing else gives */
	find_values(root, rel, key, clauses, false, values, match);
	find_values(root, rel, key, clauses, true, values, match);
	for (int i = 0; i < key->n; i++)
	{
		if (values[i] == NULL)
			return false;
		match->values = lappend(match->values, values[i]);
	}
	return true;
}

bool
tc_key_match_find(PlannerInfo *root, RelOptInfo *rel, const TcKeyColumns *key,
				  Relids outer, TcKeyMatch *match)
{
	List *clauses = list_copy(rel->baserestrictinfo);

	if (!bms_is_empty(outer))
	{
		ParamPathInfo *info = get_baserel_parampathinfo(root, rel, outer);

		clauses = list_concat(clauses, info->ppi_clauses);
	}
	return tc_key_match_find_among(root, rel, key, clauses, match);
}

List *
tc_key_match_keep(const TcKeyMatch *match)
{
	return list_make3(match->clauses, match->values, makeInteger(match->array));
}

void
tc_key_match_recall(List *kept, TcKeyMatch *match)
{
	memset(match, 0, sizeof(TcKeyMatch));
	match->clauses = linitial(kept);
	match->values = lsecond(kept);
	match->array = intVal(lthird(kept));
}

List *
tc_key_match_for_child(PlannerInfo *root, List *kept, RelOptInfo *child)
{
	return list_make3(tc_adjust_to_child(root, linitial(kept), child),
					  tc_adjust_to_child(root, lsecond(kept), child),
					  lthird(kept));
}

List *
tc_key_match_rest(const TcKeyMatch *match, List *clauses)
{
	/* what is still one of those that were matched may be a copy of it */
	return extract_actual_clauses(list_difference(clauses, match->clauses),
								  false);
}

/*
 * Releases differ in which way round they make a condition that others
 * imply, and a reader wants to see the column first.
 */
List *
tc_key_match_conditions(PlannerInfo *root, const RelOptInfo *rel,
						const TcKeyMatch *match)
{
	List *conditions = NIL;
	ListCell *cell;

	foreach (cell, match->clauses)
	{
		Expr *clause = copyObject(lfirst_node(RestrictInfo, cell)->clause);

		if (IsA(clause, OpExpr) &&
			is_outside(rel, root, linitial(((OpExpr *) clause)->args)))
			CommuteOpExpr((OpExpr *) clause);
		conditions = lappend(conditions, clause);
	}
	return conditions;
}

double
tc_key_match_cost(double keys)
{
	/* hashing and comparing, and fetching a few lines of memory at random */
	return keys * (4 * cpu_operator_cost + 5 * cpu_tuple_cost);
}

double
tc_key_match_together_cost(double keys)
{
	/* lines of memory for many keys are on their way at the same time */
	return keys * (4 * cpu_operator_cost + 2 * cpu_tuple_cost);
}

/* ----- outer relations ----- */

typedef struct MemberContext
{
	const TcKeyColumns *key;
	int column;
} MemberContext;

/* Is a member of an equivalence class the column in question? */
static bool
is_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
		  EquivalenceMember *em, void *arg)
{
	MemberContext *context = arg;

	return key_column(rel, context->key, (Node *) em->em_expr) ==
		context->column;
}

/* Add the relations that a clause needs besides ours, if they are new. */
static List *
add_candidate(List *candidates, const RelOptInfo *rel, Relids relids)
{
	Relids outer =
		bms_union(bms_difference(relids, rel->relids), rel->lateral_relids);
	ListCell *cell;

	if (bms_is_empty(outer))
		return candidates;
	foreach (cell, candidates)
	{
		if (bms_equal(lfirst(cell), outer))
			return candidates;
	}
	return lappend(candidates, outer);
}

List *
tc_key_match_outer_candidates(PlannerInfo *root, RelOptInfo *rel,
							  const TcKeyColumns *key)
{
	List *clauses = NIL;
	List *candidates = NIL;
	Relids all = NULL;
	ListCell *cell;

	foreach (cell, rel->joininfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (join_clause_is_movable_to(rinfo, rel))
			clauses = lappend(clauses, rinfo);
	}
	for (int i = 0; rel->has_eclass_joins && i < key->n; i++)
	{
		MemberContext context = {key, i};

		clauses = list_concat(clauses,
							  generate_implied_equalities_for_column(
								  root, rel, is_column, &context,
								  rel->lateral_referencers));
	}
	foreach (cell, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		Node *value;
		bool is_array;

		if (match_clause(root, rel, key, rinfo->clause, &value, &is_array) < 0)
			continue;
		all = bms_add_members(all, rinfo->clause_relids);
		candidates = add_candidate(candidates, rel, rinfo->clause_relids);
	}
	/* a key of several columns may need them all */
	return key->n > 1 && all != NULL ? add_candidate(candidates, rel, all)
									 : candidates;
}
