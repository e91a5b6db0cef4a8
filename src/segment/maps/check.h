/*
 * check.h
 *	  What holds for the structures of the segment, as assertions.
 *
 * Where assertions are off none of this is there.
 */
#ifndef TC_CHECK_H
#define TC_CHECK_H

#include "segment/memory/ref.h"

#ifdef USE_ASSERT_CHECKING

/* ----- what has been touched; for files of the segment floor ----- */

struct TcSharedBucket;
struct TcSharedRelationEntry;

/* A bucket of the index outside of a change, and what its slots say. */
extern void tc_check_bucket_locked(struct TcSharedBucket *first);

/* A key's versions, from the newest on; the partition is locked. */
extern void tc_check_versions_locked(TcRef newest);

/* An entry of the map table, which is locked. */
extern void tc_check_mapentry_locked(const struct TcSharedRelationEntry *entry);

/* A slot that is given back holds nothing; the map table is locked. */
extern void tc_check_map_empty_locked(uint16 map);

/* ----- whole structures ----- */

/* All entries and free slots of the map table. */
extern void tc_check_maptable_locked(void);

/* All of the segment, one part after the other.  No lock held. */
extern void tc_check_all(void);

/* A few parts, others each time. */
extern void tc_check_step(void);

#else

#define tc_check_bucket_locked(first)	((void) 0)
#define tc_check_versions_locked(ref)	((void) 0)
#define tc_check_mapentry_locked(entry) ((void) 0)
#define tc_check_map_empty_locked(map)	((void) 0)
#define tc_check_maptable_locked()		((void) 0)
#define tc_check_all()					((void) 0)
#define tc_check_step()					((void) 0)

#endif

#endif /* TC_CHECK_H */
