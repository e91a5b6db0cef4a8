/*
 * map_definition.h
 *	  Definitions of maps, as the table topcache.map_definition holds them.
 */
#ifndef TC_MAP_DEFINITION_H
#define TC_MAP_DEFINITION_H

#include "access/attnum.h"
#include "access/htup.h"
#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "utils/timestamp.h"

/* One row of topcache.map_definition. */
typedef struct TcMapDefinition
{
	Oid relation;
	List *key_columns;	/* of char * */
	char *value_column; /* NULL: whole rows */
	List *key_numbers;	/* of the same columns; they survive renaming */
	AttrNumber value_number;
	Interval *ttl; /* NULL: none, likewise below */
	Interval *max_idle;
	int64 max_cost; /* -1: none */
	bool created;	/* by create_map: its table may be dropped */
	bool durable;
} TcMapDefinition;

/* Columns of topcache.map_definition that are set by a trigger. */
#define TC_DEF_KEY_NUMBERS	9
#define TC_DEF_VALUE_NUMBER 10

/* Is a column of the table a limit of what the map keeps? */
extern bool tc_map_definition_is_limit(int column);

/* Take a definition out of a row of the table. */
extern void tc_map_definition_take(HeapTuple tuple, TupleDesc desc,
								   TcMapDefinition *def);

/* An interval in microseconds, a month being 30 days; at most INT64_MAX. */
extern uint64 tc_map_definition_interval_us(const Interval *interval);

/* Read a definition into the current memory context; false if none. */
extern bool tc_map_definition_read(Oid relation, TcMapDefinition *def);

/*
 * The relations of this database that are maps, or only those whose rows may
 * expire, in the current memory context.
 */
extern List *tc_map_definition_relations(bool expiring);

/*
 * How many definitions there are if there are more than so many, else 0.  Where
 * the table is too small for that it is not read.
 */
extern int64 tc_map_definition_count_beyond(int64 limit);

#endif /* TC_MAP_DEFINITION_H */
