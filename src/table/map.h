/*
 * map.h
 *	  What a backend knows of a map: definition, layout, guard, state.
 */
#ifndef TC_MAP_H
#define TC_MAP_H

#include "executor/spi.h"

#include "msgpack/msgpack_layout.h"
#include "table/key_index.h"
#include "table/map_definition.h"
#include "table/row_layout.h"

/* Why a map's reads fall back to the table. */
typedef enum TcSuspension
{
	TC_NOT_SUSPENDED,
	TC_SUSPENDED_TRIGGERS, /* they do not guard the table */
	TC_SUSPENDED_KEY,	   /* no unique index behind the key */
	TC_SUSPENDED_COLUMNS,  /* a column of the definition is missing */
	TC_SUSPENDED_CHILDREN, /* other tables inherit from the table */
	TC_SUSPENDED_VIRTUAL   /* a column is computed when it is read */
} TcSuspension;

/* Statements that are prepared once per map; see table_sql.c. */
typedef enum TcPlanKind
{
	TC_PLAN_PUT,
	TC_PLAN_PUT_IF_ABSENT,
	TC_PLAN_REPLACE,
	TC_PLAN_INCR,
	TC_PLAN_REMOVE,
	TC_PLAN_TOUCH,
	TC_PLAN_CLEAR,
	TC_PLAN_SCAN,
	TC_PLAN_SELECT,
	TC_NPLANS
} TcPlanKind;

/* One that writes a row with some of its columns; see table_sql_row.c. */
typedef struct TcRowPlan
{
	TcPlanKind kind;
	Bitmapset *given;
	SPIPlanPtr plan;
} TcRowPlan;

/*
 * A map, in this backend.  Valid until the relation's cache entry is
 * invalidated; a pointer to it stays usable to the end of the transaction,
 * although it may describe the past by then.
 */
typedef struct TcMap
{
	Oid relation;
	MemoryContext context; /* everything below lives here */
	TcMapDefinition def;
	TcRowLayout layout;
	char *name; /* without schema, for messages */
	Oid schema;
	char relkind;
	Oid file;
	Oid type;				/* row type of the relation */
	uint32 value_type_hash; /* of the value column's type, among types */
	TupleDesc desc;			/* of the relation */
	TupleDesc key_desc;		/* of a row of the key columns; one: NULL */
	TcKeyIndex key_index;	/* none for a volatile map */
	bool row_security;		/* the table has policies that may apply */
	TcSuspension suspended;
	bool plain; /* see plain_table.h */
	SPIPlanPtr plans[TC_NPLANS];
	List *row_plans; /* of TcRowPlan, by columns */

	/* prepared when first needed */
	TcMsgpackLayout *encoder;
	FmgrInfo to_jsonb;	 /* of a value, or of a row */
	FmgrInfo from_jsonb; /* of a row */

	/* who passed the last privilege check, until something changes */
	Oid readable_by;
	Oid puttable_by;

	/* what the cache floor keeps for the map; its memory is context's */
	struct TcBinding *binding;
} TcMap;

extern void tc_map_init(void);

/*
 * The map of a relation, or NULL when it is none.  Takes AccessShareLock on
 * the relation and keeps it to the end of the transaction, as a SELECT does.
 */
extern TcMap *tc_map_open(Oid relation);

/* The same without a lock, for a caller that has one. */
extern TcMap *tc_map_lookup(Oid relation);

/*
 * The same as tc_map_open; an error when it is no map, or one that lacks a
 * column.  The second function admits the latter.
 */
extern TcMap *tc_map_require(Oid relation);
extern TcMap *tc_map_require_defined(Oid relation);

/* A suspension in words; NULL when there is none. */
extern const char *tc_map_suspension_text(TcSuspension suspension);

/* Is this what the backend knows of the map, with nothing changed since? */
extern bool tc_map_up_to_date(const TcMap *map);

/* The row type of a map that keeps whole rows, prepared for MessagePack. */
extern TcMsgpackLayout *tc_map_encoder(TcMap *map);

#endif /* TC_MAP_H */
