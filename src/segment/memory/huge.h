/*
 * huge.h
 *	  Moves the segment to huge pages, where the kernel can do so.
 */
#ifndef TC_HUGE_H
#define TC_HUGE_H

/*
 * Where to use shared memory that lies at start: there, or where the same
 * memory has been mapped a second time, so that it can be moved.  To be
 * called in the postmaster, once for each shared memory it makes.
 */
extern char *tc_huge_map(char *start, Size bytes);

/*
 * Move some of what is in use, or will soon be, from small pages to huge
 * ones; for the worker.  Takes no lock.
 */
extern void tc_huge_step(void);

/* Bytes of the segment that have been moved, and that are to be. */
extern void tc_huge_use(uint64 *moved_bytes, uint64 *pending_bytes);

#endif /* TC_HUGE_H */
