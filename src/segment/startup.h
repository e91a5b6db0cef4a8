/*
 * startup.h
 *	  Makes the segment when the server starts.
 */
#ifndef TC_STARTUP_H
#define TC_STARTUP_H

/*
 * Ask the postmaster for the segment.  To be called from _PG_init, and does
 * nothing when the library is not being preloaded.
 */
extern void tc_startup_init(void);

/* Bytes for records and index in a segment of some size. */
extern uint64 tc_startup_arena_bytes(uint64 size_bytes);

#endif /* TC_STARTUP_H */
