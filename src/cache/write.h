/*
 * write.h
 *	  The one write path: a row of a backing table has changed.
 */
#ifndef TC_WRITE_H
#define TC_WRITE_H

#include "table/map.h"

/* The new version of a row, as its trigger sees it. */
typedef struct TcNewRow
{
	TcRow row;
	TimestampTz expires; /* PG_INT64_MAX: never */
	bool newest;		 /* made by the current (sub)transaction, */
						 /* and not changed again since */
	bool old_expired;	 /* an UPDATE of a row whose time was over */
} TcNewRow;

/*
 * Bring the segment up to date with a change of a row that the current
 * transaction has made in the heap.  old is NULL for an INSERT, row for a
 * DELETE; of old only the key is looked at.  Only records that are resident
 * are refreshed, except while a put is under way.
 */
extern void tc_write_row(TcMap *map, const TcRow *old, const TcNewRow *row);

/*
 * The map of a relation that the current transaction has written to, if it
 * can have records that must be brought up to date; NULL if not.
 */
extern TcMap *tc_write_map(Oid relation);

/*
 * Do the same for a row that no trigger tells of, since a put has written it
 * without a statement: the row is of a layout that map had then.
 */
extern void tc_write_put(const TcMap *map, const TcNewRow *row);

/*
 * Between begin and end, rows of the relation are installed whether they
 * were resident or not.  Nests; end restores what begin returned.
 */
extern Oid tc_write_begin_put(Oid relation);
extern void tc_write_end_put(Oid outer);

/* Has the put that is under way replaced a record that had expired? */
extern bool tc_write_replaced_expired(void);

#endif /* TC_WRITE_H */
