/*
 * read_steps.h
 *	  The steps of a read, for those who have several under way.
 *
 * For files of the read path.
 */
#ifndef TC_READ_STEPS_H
#define TC_READ_STEPS_H

#include "cache/read.h"
#include "segment/index/lookup.h"

/*
 * Answer a read whose lookup has begun, with whatever it takes.  True after
 * a hit: the lookup is one to be touched, and that has been prepared.
 */
extern bool tc_read_finish(TcReader *reader, const Datum *keys,
						   TcLookup *lookup, TcValue *value);

/* Answer a read past the cache. */
extern void tc_read_past(TcReader *reader, const Datum *keys, TcValue *value);

#endif /* TC_READ_STEPS_H */
