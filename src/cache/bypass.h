/*
 * bypass.h
 *	  Whether the cache may answer reads, and why not.
 */
#ifndef TC_BYPASS_H
#define TC_BYPASS_H

#include "utils/snapshot.h"

#include "table/map.h"

/* Why reads go past the cache. */
typedef enum TcBypass
{
	TC_BYPASS_NONE,			/* they do not */
	TC_BYPASS_DISABLED,		/* topcache.enabled is off */
	TC_BYPASS_POLICIES,		/* row-level security applies to the user */
	TC_BYPASS_SUSPENDED,	/* the map, or the whole segment, is */
	TC_BYPASS_RECOVERY,		/* the server is a standby */
	TC_BYPASS_SERIALIZABLE, /* such a read must leave its mark on the table */
	TC_BYPASS_OWN_WRITES,	/* the transaction may have written */
	TC_BYPASS_SNAPSHOT,		/* not a statement's, or older than the index */
	TC_NBYPASSES
} TcBypass;

/*
 * Why reads of a map under a snapshot go past the cache.  A checked query's
 * policies were looked at; by_sql says that the table is read by a statement.
 */
extern TcBypass tc_bypass_reason(TcMap *map, Snapshot snapshot, bool checked,
								 bool by_sql);

/*
 * Why nothing may be kept of what is read under a snapshot, policies aside,
 * and whether it may.
 */
extern TcBypass tc_bypass_fill_reason(TcMap *map, Snapshot snapshot);
extern bool tc_bypass_may_fill(TcMap *map, Snapshot snapshot);

/* Count reads that went past the cache. */
extern void tc_bypass_count(TcMap *map, TcBypass bypass);

/* The reason of a bypass in a word or two, as EXPLAIN gives it. */
extern const char *tc_bypass_text(TcBypass bypass);

#endif /* TC_BYPASS_H */
