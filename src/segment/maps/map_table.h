/*
 * map_table.h
 *	  Which map has which entry, and what it holds.
 */
#ifndef TC_MAP_TABLE_H
#define TC_MAP_TABLE_H

#include "base/key_layout.h"
#include "segment/memory/ref.h"

/* What a map holds. */
typedef struct TcMapUse
{
	int64 records;
	int64 dirty_records;
	int64 bytes;
	int64 cost;
} TcMapUse;

extern void tc_map_table_use(uint16 number, TcMapUse *use);

/* Is there a map entry for another map? */
extern bool tc_map_table_has_free(void);

/* How many maps of other databases have one. */
extern uint32 tc_map_table_count_elsewhere(Oid database);

/* Which map an entry is for; false past the end or where there is none. */
extern bool tc_map_table_identity(uint16 number, TcMapIdentity *identity);

/* The same with the map entry itself and where its keys end. */
extern bool tc_map_table_describe(uint16 number, TcMapIdentity *identity,
								  TcMapEntry *entry, TcKeyLayout *layout);

/* The map entry of a relation, if it has one. */
extern bool tc_map_table_find(Oid database, Oid relation, uint16 *number);

/*
 * The same, or the one that it had last, if that is nobody else's by now; for
 * what was counted.
 */
extern bool tc_map_table_find_last(Oid database, Oid relation, uint16 *number);

/*
 * For files of the segment floor: a backend's hold on an entry; the map table
 * is locked.
 */
extern void tc_map_table_hold_locked(uint16 number, TcMapEntry *entry);

#ifdef USE_ASSERT_CHECKING
/* All entries of relations, and the free map entries.  No lock held. */
extern void tc_map_table_check(void);
#endif

#endif /* TC_MAP_TABLE_H */
