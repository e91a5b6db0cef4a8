/*-------------------------------------------------------------------------
 *
 * key_index.c
 *	  Finds and judges the index behind a map's key.
 *
 * Structure: of the relation's indexes the one is taken that is unique, not
 * partial, not over expressions, not deferrable, valid, a b-tree, and whose
 * key columns are those of the map, all of them NOT NULL.
 *
 * Records are found by comparing bytes.  PostgreSQL knows of which types
 * equal values have equal bytes: b-tree deduplication needs the same, and
 * operator classes say so by their "equal image" function.  Of other types a
 * hash stands for the value, by the functions of the type's own default hash
 * operator class, which agrees with the b-tree on what is equal.
 *
 * Whose code runs: none but that of operator classes.  Who looks at a map may
 * be another than who made its table, and the relation cache runs functions
 * when it is asked for the predicate or the expressions of an index, as it
 * folds constants; so it is not.  Functions of operator classes run, here and
 * wherever keys are hashed and compared: nothing else could tell that a type
 * has several forms of one value.  Only superusers make operator classes and
 * base types.  A type that others can make (a domain, a range, an enum, a row)
 * is compared by functions of PostgreSQL, through the operator classes of what
 * it consists of.
 *
 * Concurrency: reads the relation's cache entry under the caller's lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relation.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/pg_compat.h"
#include "table/key_index.h"

/* Have equal values of the column equal bytes? */
static bool
equal_means_same_bytes(const TcColumn *column, const TypeCacheEntry *type)
{
	Oid function;

	/* blanks at the end of a character(n) do not count, but are there */
	if (column->base_type == BPCHAROID)
		return false;
	function = get_opfamily_proc(type->btree_opf, type->btree_opintype,
								 type->btree_opintype, BTEQUALIMAGE_PROC);
	return OidIsValid(function) &&
		DatumGetBool(
			   OidFunctionCall1Coll(function, column->collation,
									ObjectIdGetDatum(type->btree_opintype)));
}

bool
tc_key_index_prepare_column(TcColumn *column)
{
	TypeCacheEntry *type =
		lookup_type_cache(column->type,
						  TYPECACHE_BTREE_OPFAMILY | TYPECACHE_EQ_OPR |
							  TYPECACHE_HASH_PROC |
							  TYPECACHE_HASH_EXTENDED_PROC);
	TcKeyFunctions *functions;

	if (!OidIsValid(type->btree_opf) ||
		(OidIsValid(column->collation) &&
		 !get_collation_isdeterministic(column->collation)))
		return false;
	if (equal_means_same_bytes(column, type))
		return true;
	if (!OidIsValid(type->eq_opr) || !OidIsValid(type->hash_proc))
		return false;
	functions = palloc0(sizeof(TcKeyFunctions));
	functions->extended = OidIsValid(type->hash_extended_proc);
	fmgr_info(functions->extended ? type->hash_extended_proc : type->hash_proc,
			  &functions->hash);
	fmgr_info(get_opcode(type->eq_opr), &functions->equal);
	column->functions = functions;
	return true;
}

/* Which of the map's key columns is a column of the index; -1 for none. */
static int
key_of_index_column(Relation index, int i, int nkeys, const TcColumn *keys)
{
	for (int k = 0; k < nkeys; k++)
	{
		TypeCacheEntry *type;

		if (index->rd_index->indkey.values[i] != keys[k].number)
			continue;
		type = lookup_type_cache(keys[k].type, TYPECACHE_BTREE_OPFAMILY);
		return index->rd_indcollation[i] == keys[k].collation &&
				index->rd_opfamily[i] == type->btree_opf
			? k
			: -1;
	}
	return -1;
}

/*
 * Are the index's key columns the map's, in whatever order, and does it tell
 * their values equal just as the column's own type does?
 */
static bool
same_columns(Relation index, int nkeys, const TcColumn *keys, TcKeyIndex *found)
{
	if (index->rd_index->indnkeyatts != nkeys)
		return false;
	for (int i = 0; i < nkeys; i++)
	{
		found->key[i] = key_of_index_column(index, i, nkeys, keys);
		if (found->key[i] < 0)
			return false;
	}
	return true;
}

/* Has an index a predicate, or expressions?  They are not looked at. */
static bool
has_column(Relation index, AttrNumber catalog_column)
{
	return !heap_attisnull(index->rd_indextuple, catalog_column, NULL);
}

/* Does the index keep any two rows apart, at any moment? */
static bool
enforces_key(Relation index)
{
	Form_pg_index form = index->rd_index;

	return form->indisunique && form->indimmediate && form->indisvalid &&
		form->indislive && index->rd_rel->relam == BTREE_AM_OID &&
		!has_column(index, Anum_pg_index_indpred) &&
		!has_column(index, Anum_pg_index_indexprs);
}

/* The functions by which the index tells keys equal. */
static bool
find_equality(Relation index, int nkeys, TcKeyIndex *found)
{
	for (int i = 0; i < nkeys; i++)
	{
		Oid operator=
			get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
								index->rd_opcintype[i], BTEqualStrategyNumber);

		if (!OidIsValid(operator))
			return false;
		found->equality[i] = get_opcode(operator);
	}
	return true;
}

/* Is each column NOT NULL? */
static bool
columns_not_null(Relation rel, int nkeys, const TcColumn *keys)
{
	for (int i = 0; i < nkeys; i++)
	{
		AttrNumber number = keys[i].number;

		if (!tc_column_not_null(rel, number))
			return false;
	}
	return true;
}

/*
 * Who has made the index over rows that had just been changed without
 * changing a column of it?  It leads to what these rows became only.
 */
static TransactionId
complete_since(Relation index)
{
	return index->rd_index->indcheckxmin
		? HeapTupleHeaderGetXmin(index->rd_indextuple->t_data)
		: FrozenTransactionId;
}

bool
tc_key_index_complete(const TcKeyIndex *found)
{
	/* as the planner has it */
	return TransactionIdPrecedes(found->complete_since, TransactionXmin);
}

bool
tc_key_index_find(Relation rel, int nkeys, const TcColumn *keys,
				  TcKeyIndex *found)
{
	List *indexes = RelationGetIndexList(rel);
	ListCell *cell;

	found->index = InvalidOid;
	if (!columns_not_null(rel, nkeys, keys))
		return false;
	foreach (cell, indexes)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		if (enforces_key(index) && same_columns(index, nkeys, keys, found) &&
			find_equality(index, nkeys, found))
		{
			found->index = RelationGetRelid(index);
			found->complete_since = complete_since(index);
		}
		index_close(index, AccessShareLock);
		if (OidIsValid(found->index))
			break;
	}
	return OidIsValid(found->index);
}
