/*
 * key_match.h
 *	  Finds the conditions of a query that give the whole key of a map.
 */
#ifndef TC_KEY_MATCH_H
#define TC_KEY_MATCH_H

#include "nodes/pathnodes.h"

#include "table/map.h"

/* The key columns of a map as a relation of a query shows them. */
typedef struct TcKeyColumns
{
	int n;
	AttrNumber number[INDEX_MAX_KEYS]; /* in the relation of the query */
	Oid type[INDEX_MAX_KEYS];		   /* that a key's datum has */
} TcKeyColumns;

/* Conditions that give a whole key. */
typedef struct TcKeyMatch
{
	List *clauses; /* of RestrictInfo: true of just the rows with the keys */
	List *values;  /* of Expr: a value of the type for each key column ... */
	int array;	   /* ... or, at this one, an array of such values; or -1 */
	double keys;   /* how many keys are expected */
} TcKeyMatch;

/* The key columns of a map, as its own table has them. */
extern void tc_key_match_columns(const TcMap *map, TcKeyColumns *key);

/*
 * Find them among the conditions that a path with the given outer relations
 * (NULL: none) would have to check; false when a key column is missing.
 */
extern bool tc_key_match_find(PlannerInfo *root, RelOptInfo *rel,
							  const TcKeyColumns *key, Relids outer,
							  TcKeyMatch *match);

/* The same among conditions that are given. */
extern bool tc_key_match_find_among(PlannerInfo *root, RelOptInfo *rel,
									const TcKeyColumns *key, List *clauses,
									TcKeyMatch *match);

/*
 * A match as a list, for the path that it was made for; and back, without the
 * number of keys.
 */
extern List *tc_key_match_keep(const TcKeyMatch *match);
extern void tc_key_match_recall(List *kept, TcKeyMatch *match);

/* The list for a path whose outer side has become this child of what it was. */
extern List *tc_key_match_for_child(PlannerInfo *root, List *kept,
									RelOptInfo *child);

/* The conditions among these that the match leaves to be checked. */
extern List *tc_key_match_rest(const TcKeyMatch *match, List *clauses);

/* The conditions that were found, each with the key's column on the left. */
extern List *tc_key_match_conditions(PlannerInfo *root, const RelOptInfo *rel,
									 const TcKeyMatch *match);

/* What it costs to look so many keys up. */
extern double tc_key_match_cost(double keys);

/* The same for many that are looked up together. */
extern double tc_key_match_together_cost(double keys);

/* The sets of outer relations that are worth trying, for nested loops. */
extern List *tc_key_match_outer_candidates(PlannerInfo *root, RelOptInfo *rel,
										   const TcKeyColumns *key);

#endif /* TC_KEY_MATCH_H */
