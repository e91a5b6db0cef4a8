/*
 * ghost.h
 *	  Keys whose records were evicted a short while ago.
 *
 * For files of the segment floor.
 */
#ifndef TC_GHOST_H
#define TC_GHOST_H

#include "segment/memory/shared.h"

/* Bytes that the ghost takes in a segment of a size. */
extern Size tc_ghost_bytes(Size size_bytes);

/* Set up the ghost of a new segment, if it is wanted. */
extern void tc_ghost_create(bool wanted);

/* Remember the hash of a record of so many bytes. */
extern void tc_ghost_add(uint32 hash, uint32 bytes);

/*
 * Is a hash remembered?  If so, it is forgotten.  The record has so many
 * bytes now, and had about as many then.
 */
extern bool tc_ghost_take(uint32 hash, uint32 bytes);

#ifdef USE_ASSERT_CHECKING
/* What is remembered does not lie in the future. */
extern void tc_ghost_check(void);
#endif

#endif /* TC_GHOST_H */
