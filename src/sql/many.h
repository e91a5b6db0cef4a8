/*
 * many.h
 *	  Reads the records of an array of keys.
 */
#ifndef TC_MANY_H
#define TC_MANY_H

#include "utils/snapshot.h"

#include "query/args.h"

/* Form in which a value is returned. */
typedef Datum (*TcValueForm)(TcMap *map, const TcValue *value);

typedef struct TcMany TcMany;

/*
 * Begin: checks privileges.  What is kept between the calls is in the given
 * context.
 */
extern TcMany *tc_many_begin(TcMap *map, Snapshot snapshot, TcValueForm form,
							 MemoryContext context);

/* Set the keys, which must live as long as rows are asked for. */
extern void tc_many_keys(TcMany *many, const TcKeyArray *keys);

/* Nobody looks at the column of keys: it is NULL. */
extern void tc_many_omit_keys(TcMany *many);

/*
 * The next row: key as text and value, in the order of the keys.  Good until
 * the next call.  False at the end.
 */
extern bool tc_many_next(TcMany *many, Datum *columns, bool *nulls);
extern void tc_many_end(TcMany *many);

#endif /* TC_MANY_H */
