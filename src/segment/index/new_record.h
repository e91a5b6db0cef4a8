/*
 * new_record.h
 *	  Lays a version of a record out in the arena.
 *
 * For files of the segment floor.
 */
#ifndef TC_NEW_RECORD_H
#define TC_NEW_RECORD_H

#include "segment/memory/image.h"

/*
 * Write a version into the arena, reclaiming memory if need be; it is not in
 * the index yet.  TC_NO_REF when there is no memory.  No lock held.
 */
extern TcRef tc_new_record(const TcImage *image);

/* Would it find chunks that need no new page?  A hint. */
extern bool tc_new_record_has_chunks(const TcImage *image);

#endif /* TC_NEW_RECORD_H */
