/*-------------------------------------------------------------------------
 *
 * keyindex.c
 *	  Finds and judges the index behind a map's key.
 *
 * Structure: of the relation's indexes the one is taken that is unique, not
 * partial, not over expressions, not deferrable, valid, a b-tree, and whose
 * key columns are those of the map, all of them NOT NULL.
 *
 * Records are found by comparing bytes, so equal keys must have equal bytes.
 * PostgreSQL knows where that holds: b-tree deduplication needs the same,
 * and operator classes say so by their "equal image" function.
 *
 * Concurrency: reads the relation's cache entry under the caller's lock.
 *
 * Failure: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

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
#include "utils/typcache.h"

#include "base/compat.h"
#include "heap/keyindex.h"

bool
tc_key_type_usable(const TcColumn *column)
{
	TypeCacheEntry *type =
		lookup_type_cache(column->type, TYPECACHE_BTREE_OPFAMILY);
	Oid function;

	/* blanks at the end of a character(n) do not count, but are there */
	if (getBaseType(column->type) == BPCHAROID)
		return false;
	if (!OidIsValid(type->btree_opf))
		return false;
	function = get_opfamily_proc(type->btree_opf, type->btree_opintype,
								 type->btree_opintype, BTEQUALIMAGE_PROC);
	return OidIsValid(function) &&
		DatumGetBool(
			   OidFunctionCall1Coll(function, column->collation,
									ObjectIdGetDatum(type->btree_opintype)));
}

/*
 * Are the index's key columns the map's, in the same order, and does it
 * tell their values equal just as the column's own type does?
 */
static bool
same_columns(Relation index, int nkeys, const TcColumn *keys)
{
	Form_pg_index form = index->rd_index;

	if (form->indnkeyatts != nkeys)
		return false;
	for (int i = 0; i < nkeys; i++)
	{
		TypeCacheEntry *type =
			lookup_type_cache(keys[i].type, TYPECACHE_BTREE_OPFAMILY);

		if (form->indkey.values[i] != keys[i].number ||
			index->rd_indcollation[i] != keys[i].collation ||
			index->rd_opfamily[i] != type->btree_opf)
			return false;
	}
	return true;
}

/* Does the index keep any two rows apart, at any moment? */
static bool
enforces_key(Relation index)
{
	Form_pg_index form = index->rd_index;

	return form->indisunique && form->indimmediate && form->indisvalid &&
		form->indislive && index->rd_rel->relam == BTREE_AM_OID &&
		RelationGetIndexPredicate(index) == NIL &&
		RelationGetIndexExpressions(index) == NIL;
}

/* The functions by which the index tells keys equal. */
static bool
find_equality(Relation index, int nkeys, Oid *equality)
{
	for (int i = 0; i < nkeys; i++)
	{
		Oid operator=
			get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
								index->rd_opcintype[i], BTEqualStrategyNumber);

		if (!OidIsValid(operator))
			return false;
		equality[i] = get_opcode(operator);
	}
	return true;
}

/* Can each column be part of a key? */
static bool
columns_usable(Relation rel, int nkeys, const TcColumn *keys)
{
	for (int i = 0; i < nkeys; i++)
	{
		AttrNumber number = keys[i].number;

		if (!tc_column_not_null(rel, number) || !tc_key_type_usable(&keys[i]))
			return false;
	}
	return true;
}

Oid
tc_key_index(Relation rel, int nkeys, const TcColumn *keys, Oid *equality)
{
	List *indexes = RelationGetIndexList(rel);
	Oid found = InvalidOid;
	ListCell *cell;

	if (!columns_usable(rel, nkeys, keys))
		return InvalidOid;
	foreach (cell, indexes)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		if (enforces_key(index) && same_columns(index, nkeys, keys) &&
			find_equality(index, nkeys, equality))
			found = RelationGetRelid(index);
		index_close(index, AccessShareLock);
		if (OidIsValid(found))
			break;
	}
	return found;
}
