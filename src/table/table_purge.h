/*
 * table_purge.h
 *	  Deletes rows that have expired from the tables of maps.
 */
#ifndef TC_TABLE_PURGE_H
#define TC_TABLE_PURGE_H

#include "utils/timestamp.h"

/* What became of a batch. */
typedef enum TcPurgeResult
{
	TC_PURGE_DONE, /* nothing is left that has expired */
	TC_PURGE_MORE, /* there may be more of it */
	TC_PURGE_BUSY, /* somebody has locked the table */
	TC_PURGE_NONE  /* not, or no longer, a table to be looked after */
} TcPurgeResult;

/*
 * Delete up to max rows of a relation that have expired, as its owner, in
 * the current transaction.  After TC_PURGE_DONE, *next is when the next row
 * expires; PG_INT64_MAX: none does.
 */
extern TcPurgeResult tc_table_purge_batch(Oid relation, int max,
										  TimestampTz *next);

#endif /* TC_TABLE_PURGE_H */
