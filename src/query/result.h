/*
 * result.h
 *	  Turns what was found into results of SQL functions.
 */
#ifndef TC_RESULT_H
#define TC_RESULT_H

#include "fmgr.h"

#include "cache/read.h"

/* Form in which a value is returned. */
typedef Datum (*TcResultForm)(TcMap *map, const TcValue *value);

/* A value that was found: as jsonb, in its text form, or as MessagePack. */
extern Datum tc_result_jsonb(TcMap *map, const TcValue *value);
extern Datum tc_result_text(TcMap *map, const TcValue *value);
extern Datum tc_result_msgpack(TcMap *map, const TcValue *value);

/* The row that was found, as a value of the relation's row type. */
extern Datum tc_result_row(const TcMap *map, const TcValue *value);

/* A key as a text datum. */
extern Datum tc_result_key(const TcMap *map, const Datum *keys);

/*
 * Prepare a function of PostgreSQL that asks for the types of its arguments:
 * the first is of a type that only we know, the second, if any, jsonb.
 */
extern FmgrInfo *tc_result_prepare(TcMap *map, FmgrInfo *function, Oid id,
								   Oid result, Oid type, int nargs);

#endif /* TC_RESULT_H */
