/*
 * write_seq.h
 *	  Numbers that tell a fill that its key has been written meanwhile.
 */
#ifndef TC_WRITE_SEQ_H
#define TC_WRITE_SEQ_H

#include "segment/memory/image.h"

/* The write_seq of a key, to be read before the table is. */
extern uint32 tc_write_seq_read(const TcProbe *probe);

/* Raise it: after the table was written, before the segment is. */
extern void tc_write_seq_raise(const TcProbe *probe);

/*
 * For files of the segment floor: is it what it was?  The partition's lock is
 * held.
 */
extern bool tc_write_seq_is_locked(const TcProbe *probe, uint32 seq);

#endif /* TC_WRITE_SEQ_H */
