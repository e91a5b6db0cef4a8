/*-------------------------------------------------------------------------
 *
 * map.c
 *	  Knows, in each backend, which relations are maps.
 *
 * Structure: a hash table from relation to TcMap, filled when a relation is
 * first asked for, remembering also those that are no maps.  The entry holds
 * what a read needs without looking at a catalog again.
 *
 * Concurrency: invalidation of the relation's cache entry, by whatever DDL,
 * marks the entry invalid; the callback does no more than that.  The next
 * look-up builds a new one.  The old one is kept to the end of the
 * transaction, because a function further up the stack may still use it.
 * Invalidations arrive with the lock on the relation, so taking the lock
 * first and looking at the mark after sees every change that was committed
 * before the lock was granted.
 *
 * Failure: an error while an entry is built leaves it invalid.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/pg_compat.h"
#include "table/guard.h"
#include "table/map.h"
#include "table/plain_table.h"
#include "table/table_layout.h"

/* How often an entry is built again because something changed meanwhile. */
#define REFRESH_TRIES 5

/* Entry of the hash table. */
typedef struct KnownMap
{
	Oid relation;
	bool valid;
	TcMap *map; /* NULL: not a map */
} KnownMap;

static HTAB *known_maps = NULL;

/* Entries replaced in this transaction. */
static List *past_maps = NIL;

/* ----- invalidation ----- */

static void
invalidate(KnownMap *known)
{
	known->valid = false;
}

static void
relation_changed(Datum arg, Oid relation)
{
	KnownMap *known;
	HASH_SEQ_STATUS scan;

	if (OidIsValid(relation))
	{
		known = hash_search(known_maps, &relation, HASH_FIND, NULL);
		if (known != NULL)
			invalidate(known);
		return;
	}
	hash_seq_init(&scan, known_maps);
	while ((known = hash_seq_search(&scan)) != NULL)
		invalidate(known);
}

/*
 * A schema, an operator or a type has got another name, perhaps: statements
 * that are prepared have it in their text.
 */
static void
names_changed(Datum arg, int cache, uint32 hash)
{
	HASH_SEQ_STATUS scan;
	KnownMap *known;

	hash_seq_init(&scan, known_maps);
	while ((known = hash_seq_search(&scan)) != NULL)
	{
		if (cache != TYPEOID || hash == 0 ||
			(known->map != NULL && known->map->value_type_hash == hash))
			invalidate(known);
	}
}

/* Roles, memberships or owners have changed: check privileges anew. */
static void
roles_changed(Datum arg, int cache, uint32 hash)
{
	HASH_SEQ_STATUS scan;
	KnownMap *known;

	hash_seq_init(&scan, known_maps);
	while ((known = hash_seq_search(&scan)) != NULL)
	{
		if (known->map == NULL)
			continue;
		known->map->readable_by = InvalidOid;
		known->map->puttable_by = InvalidOid;
	}
}

static void
free_map(TcMap *map)
{
	ListCell *cell;

	for (int i = 0; i < TC_NPLANS; i++)
	{
		if (map->plans[i] != NULL)
			SPI_freeplan(map->plans[i]);
	}
	foreach (cell, map->row_plans)
		SPI_freeplan(((TcRowPlan *) lfirst(cell))->plan);
	MemoryContextDelete(map->context);
}

/* At the end of a transaction nobody uses the maps of the past any more. */
static void
transaction_ended(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	while (past_maps != NIL)
	{
		TcMap *map = linitial(past_maps);

		past_maps = list_delete_first(past_maps);
		free_map(map);
	}
}

void
tc_map_init(void)
{
	HASHCTL info;

	info.keysize = sizeof(Oid);
	info.entrysize = sizeof(KnownMap);
	known_maps = hash_create("topcache maps of this backend", 64, &info,
							 HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(DATABASEOID, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, names_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(OPEROID, names_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, names_changed, (Datum) 0);
	RegisterXactCallback(transaction_ended, NULL);
}

/* ----- building ----- */

/*
 * The column of a definition, 0 if there is none.  As a rule name and number
 * agree.  The number is another column's when a dump was restored without
 * triggers, and the name is gone while a command renames it.
 */
static AttrNumber
find_column(Relation rel, AttrNumber number, const char *name)
{
	TupleDesc desc = RelationGetDescr(rel);
	AttrNumber named = get_attnum(RelationGetRelid(rel), name);

	if (named > 0)
		return named;
	if (number > 0 && number <= desc->natts &&
		!TupleDescAttr(desc, number - 1)->attisdropped)
		return number;
	return 0;
}

/* Find the key columns of the definition. */
static bool
find_keys(Relation rel, TcMap *map)
{
	TcRowLayout *layout = &map->layout;
	ListCell *cell;

	layout->nkeys = list_length(map->def.key_numbers);
	if (layout->nkeys == 0 || layout->nkeys > INDEX_MAX_KEYS)
		return false;
	layout->keys = palloc0(layout->nkeys * sizeof(TcColumn));
	foreach (cell, map->def.key_numbers)
	{
		TcColumn *column = &layout->keys[foreach_current_index(cell)];
		AttrNumber number = find_column(rel, lfirst_int(cell),
										list_nth(map->def.key_columns,
												 foreach_current_index(cell)));

		if (number <= 0)
			return false;
		tc_table_layout_describe_column(rel, number, column);
	}
	return true;
}

/*
 * The column that tells when a record ends.  Only a table that create_map
 * made gives a column of that name the meaning.
 */
static AttrNumber
expiry_column(Relation rel, const TcMap *map)
{
	AttrNumber number = get_attnum(RelationGetRelid(rel), "expires_at");

	if (!map->def.created || !map->def.durable || number <= 0 ||
		TupleDescAttr(RelationGetDescr(rel), number - 1)->atttypid !=
			TIMESTAMPTZOID)
		return 0;
	return number;
}

/* Find the columns of the definition; false when one is missing. */
static bool
find_columns(Relation rel, TcMap *map)
{
	AttrNumber value = 0;

	if (!find_keys(rel, map))
		return false;
	if (map->def.value_column != NULL)
	{
		value = find_column(rel, map->def.value_number, map->def.value_column);
		if (value <= 0)
			return false;
	}
	map->layout.expires = expiry_column(rel, map);
	map->suspended = TC_NOT_SUSPENDED;
	for (int i = 0; i < map->layout.nkeys; i++)
	{
		if (!tc_key_index_prepare_column(&map->layout.keys[i]))
			map->suspended = TC_SUSPENDED_KEY;
	}
	tc_table_layout_finish(&map->layout, rel, value);
	return true;
}

/* Is a column of the records not in the table's tuples? */
static bool
has_virtual_column(Relation rel, const TcRowLayout *layout)
{
	for (int i = 0; i < layout->nstored; i++)
	{
		if (tc_table_layout_is_virtual(rel, layout->stored[i].number))
			return true;
	}
	return false;
}

/* The type of a row of the key's columns. */
static TupleDesc
describe_key(const TcRowLayout *layout)
{
	TupleDesc desc;

	if (layout->nkeys == 1)
		return NULL;
	desc = CreateTemplateTupleDesc(layout->nkeys);
	for (int i = 0; i < layout->nkeys; i++)
	{
		TupleDescInitEntry(desc, i + 1, NameStr(layout->keys[i].name),
						   layout->keys[i].base_type, -1, 0);
		TupleDescInitEntryCollation(desc, i + 1, layout->keys[i].collation);
	}
	return BlessTupleDesc(desc);
}

const char *
tc_map_suspension_text(TcSuspension suspension)
{
	switch (suspension)
	{
		case TC_NOT_SUSPENDED:
			return NULL;
		case TC_SUSPENDED_TRIGGERS:
			return "its triggers are missing, changed or disabled";
		case TC_SUSPENDED_KEY:
			return "its key has no usable unique index";
		case TC_SUSPENDED_COLUMNS:
			return "a column of its definition is missing";
		case TC_SUSPENDED_CHILDREN:
			return "other tables inherit from its table";
		case TC_SUSPENDED_VIRTUAL:
			return "a column of its table is computed when it is read";
	}
	return NULL;
}

/* Fill in what is known of the relation; the reason if it can't be cached. */
static TcSuspension
describe_relation(Relation rel, TcMap *map)
{
	map->name = pstrdup(RelationGetRelationName(rel));
	map->schema = RelationGetNamespace(rel);
	map->relkind = rel->rd_rel->relkind;
	map->file = tc_relation_file(rel);
	map->row_security = rel->rd_rel->relrowsecurity;
	map->type = rel->rd_rel->reltype;
	map->desc = CreateTupleDescCopyConstr(RelationGetDescr(rel));
	if (!find_columns(rel, map))
		return TC_SUSPENDED_COLUMNS;
	map->key_desc = describe_key(&map->layout);
	if (map->layout.value != NULL)
		map->value_type_hash =
			GetSysCacheHashValue1(TYPEOID,
								  ObjectIdGetDatum(map->layout.value->type));
	if (map->suspended != TC_NOT_SUSPENDED)
		return map->suspended;
	if (!map->def.durable)
		return TC_NOT_SUSPENDED;
	if (!tc_key_index_find(rel, map->layout.nkeys, map->layout.keys,
						   &map->key_index))
		return TC_SUSPENDED_KEY;
	if (has_virtual_column(rel, &map->layout))
		return TC_SUSPENDED_VIRTUAL;
	if (rel->rd_rel->relhassubclass &&
		find_inheritance_children(map->relation, NoLock) != NIL)
		return TC_SUSPENDED_CHILDREN;
	if (!tc_guard_intact(rel))
		return TC_SUSPENDED_TRIGGERS;
	return TC_NOT_SUSPENDED;
}

/* Make the entry of a relation that may be a map; NULL if it is none. */
static TcMap *
build_map(Oid relation)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "topcache map",
							  ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	TcMap *map = palloc0(sizeof(TcMap));
	Relation rel;

	map->relation = relation;
	map->context = context;
	if (!tc_map_definition_read(relation, &map->def))
	{
		MemoryContextSwitchTo(previous);
		MemoryContextDelete(context);
		return NULL;
	}
	rel = relation_open(relation, NoLock);
	map->suspended = describe_relation(rel, map);
	map->plain = map->suspended == TC_NOT_SUSPENDED && map->def.durable &&
		tc_plain_table(rel, &map->layout);
	relation_close(rel, NoLock);
	MemoryContextSwitchTo(previous);
	MemoryContextSetParent(context, CacheMemoryContext);
	return map;
}

/* Bring an entry up to date. */
static void
refresh(Oid relation)
{
	KnownMap *known;
	TcMap *map;
	bool found;

	known = hash_search(known_maps, &relation, HASH_ENTER, &found);
	if (!found)
		known->map = NULL;

	/* what changes while the map is built makes it invalid again */
	known->valid = true;
	PG_TRY();
	{
		map = build_map(relation);
	}
	PG_CATCH();
	{
		known = hash_search(known_maps, &relation, HASH_FIND, NULL);
		if (known != NULL)
			known->valid = false;
		PG_RE_THROW();
	}
	PG_END_TRY();

	known = hash_search(known_maps, &relation, HASH_FIND, NULL);
	if (known->map != NULL)
	{
		MemoryContext previous = MemoryContextSwitchTo(CacheMemoryContext);

		past_maps = lappend(past_maps, known->map);
		MemoryContextSwitchTo(previous);
	}
	known->map = map;
}

/* No invalidation tells that the last heir of a table is gone. */
static bool
must_look_again(const TcMap *map)
{
	return map != NULL && map->suspended == TC_SUSPENDED_CHILDREN &&
		find_inheritance_children(map->relation, NoLock) == NIL;
}

TcMap *
tc_map_lookup(Oid relation)
{
	KnownMap *known = hash_search(known_maps, &relation, HASH_FIND, NULL);

	/* what changes while the entry is built calls for building it again */
	for (int tries = 0; tries < REFRESH_TRIES; tries++)
	{
		if (known != NULL && known->valid &&
			!(tries == 0 && must_look_again(known->map)))
			break;
		refresh(relation);
		known = hash_search(known_maps, &relation, HASH_FIND, NULL);
	}
	return known->map;
}

bool
tc_map_up_to_date(const TcMap *map)
{
	KnownMap *known = hash_search(known_maps, &map->relation, HASH_FIND, NULL);

	return known != NULL && known->valid && known->map == map;
}

TcMap *
tc_map_open(Oid relation)
{
	/*
	 * A lock that is held already tells nothing new, and what was granted to
	 * the user may have been revoked since; a SELECT learns of that when it
	 * is planned.
	 */
	AcceptInvalidationMessages();
	LockRelationOid(relation, AccessShareLock);
	return tc_map_lookup(relation);
}

TcMap *
tc_map_require_defined(Oid relation)
{
	TcMap *map = tc_map_open(relation);

	if (map != NULL)
		return map;
	if (get_rel_name(relation) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("relation \"%s\" is not a topcache map",
					get_rel_name(relation)),
			 errhint("Use topcache.attach() to make it one.")));
}

TcMap *
tc_map_require(Oid relation)
{
	TcMap *map = tc_map_require_defined(relation);

	if (map->suspended != TC_SUSPENDED_COLUMNS)
		return map;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("map \"%s\" cannot be used", map->name),
			 errdetail("A column that it was attached with no longer exists."),
			 errhint("Use topcache.detach() and topcache.attach() to attach "
					 "it anew.")));
}

TcMsgpackLayout *
tc_map_encoder(TcMap *map)
{
	if (map->encoder == NULL)
		map->encoder = tc_msgpack_layout_create(map->desc, map->context);
	return map->encoder;
}
