/*
 * verify.h
 *	  Compares resident records with the table.
 */
#ifndef TC_VERIFY_H
#define TC_VERIFY_H

#include "utils/snapshot.h"

#include "table/map.h"

typedef struct TcVerify TcVerify;

/*
 * Compare every record that the snapshot sees in the segment with what it
 * sees in the table.  next returns the next problem, in words, with its key,
 * or NULL at the end.  What is kept between the calls is in the given
 * context.
 */
extern TcVerify *tc_verify_begin(TcMap *map, Snapshot snapshot,
								 MemoryContext context);
extern const char *tc_verify_next(TcVerify *verify, Datum *keys);
extern void tc_verify_end(TcVerify *verify);

#endif /* TC_VERIFY_H */
