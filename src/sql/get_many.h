/*
 * get_many.h
 *	  Reads the records of an array of keys.
 */
#ifndef TC_GET_MANY_H
#define TC_GET_MANY_H

#include "utils/snapshot.h"

#include "query/key_arg.h"
#include "query/result.h"

typedef struct TcGetMany TcGetMany;

/*
 * Begin: checks privileges.  What is kept between the calls is in the given
 * context.
 */
extern TcGetMany *tc_get_many_begin(TcMap *map, Snapshot snapshot,
									TcResultForm form, MemoryContext context);

/* Set the keys, which must live as long as rows are asked for. */
extern void tc_get_many_set_keys(TcGetMany *many, const TcKeyArray *keys);

/* Nobody looks at the column of keys: it is NULL. */
extern void tc_get_many_omit_keys(TcGetMany *many);

/*
 * The next row: key as text and value, in the order of the keys.  Good until
 * the next call.  False at the end.
 */
extern bool tc_get_many_next(TcGetMany *many, Datum *columns, bool *nulls);
extern void tc_get_many_end(TcGetMany *many);

#endif /* TC_GET_MANY_H */
