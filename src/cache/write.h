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
 * transaction has made in the table.  old is NULL for an INSERT, row for a
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
 * Run the statement of a put: the rows of the relation that it writes are
 * installed whether they were resident or not.  Returns what execute returns,
 * the number of rows; *replaced_expired, unless NULL, says whether one of them
 * took the place of a row that had expired.
 */
typedef uint64 TcPutStatement(void *arg);

extern uint64 tc_write_run_put(Oid relation, TcPutStatement *execute, void *arg,
							   bool *replaced_expired);

#endif /* TC_WRITE_H */
