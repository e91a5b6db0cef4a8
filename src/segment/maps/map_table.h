/*
 * map_table.h
 *	  The maps that the segment holds records of.
 */
#ifndef TC_MAP_TABLE_H
#define TC_MAP_TABLE_H

#include "base/key_layout.h"
#include "segment/memory/ref.h"

/*
 * The slot for a map as it is now, made if need be.  An older incarnation of
 * the relation is retired.  False when there is no slot or memory to be had,
 * or the relation is suspended; then *suspended_by says by which transaction.
 */
extern bool tc_map_acquire(const TcMapIdentity *identity,
						   const TcKeyLayout *layout, TcMapEntry *slot,
						   TransactionId *suspended_by);

/* End the caching of a relation as it is: its records are dropped. */
extern void tc_map_retire(Oid database, Oid relation);

/*
 * The same, and nothing of the relation is cached until resume is called
 * with the same transaction id.
 */
extern void tc_suspended_add(Oid database, Oid relation, TransactionId xid);
extern void tc_suspended_remove(Oid database, Oid relation, TransactionId xid);

/* The transactions that suspend a relation; returns how many there are. */
extern int tc_suspended_by(Oid database, Oid relation, TransactionId *xids);

/* Relations that are suspended, with one of the transactions of each. */
typedef struct TcSuspended
{
	Oid database;
	Oid relation;
	TransactionId xid;
} TcSuspended;

extern int tc_suspended_list(TcSuspended *list, int max);

/* A relation, or a database, is gone for good: so is all that is known. */
extern void tc_map_retire_forget(Oid database, Oid relation);
extern void tc_map_retire_forget_database(Oid database);

/*
 * Drop the records of retired maps, up to so many; returns how many were
 * dropped.  A slot without records is free again.
 */
extern int64 tc_map_retire_drain(int64 max);

/* What a map holds. */
typedef struct TcMapUse
{
	int64 records;
	int64 dirty_records;
	int64 bytes;
	int64 cost;
} TcMapUse;

extern void tc_map_table_use(uint16 number, TcMapUse *use);

/* Is there a slot for another map? */
extern bool tc_map_table_has_room(void);

/* How many maps of other databases have one. */
extern uint32 tc_map_table_count_elsewhere(Oid database);

/* Which map an entry is for; false past the end or where there is none. */
extern bool tc_map_table_identity(uint16 number, TcMapIdentity *identity);

/* The same with the slot itself and where its keys end. */
extern bool tc_map_table_describe(uint16 number, TcMapIdentity *identity,
								  TcMapEntry *slot, TcKeyLayout *layout);

/* The slot of a relation, if it has one. */
extern bool tc_map_table_find(Oid database, Oid relation, uint16 *number);

/*
 * The same, or the one that it had last, if that is nobody else's by now; for
 * what was counted.
 */
extern bool tc_map_table_find_last(Oid database, Oid relation, uint16 *number);

#endif /* TC_MAP_TABLE_H */
