/*
 * arg.h
 *	  Arguments and results of the SQL functions.
 */
#ifndef TC_ARG_H
#define TC_ARG_H

#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "cache/read.h"
#include "table/map.h"
#include "table/table_sql_row.h"

/*
 * The key in an argument of any type, as the map's key columns want it:
 * text is read by the column's input function, others are cast where the
 * cast loses nothing.  A key of several columns is a row, or its text form.
 * Prepared once per call site.  An error where the type or the value can't
 * be a key.
 */
extern void tc_key_arg(FunctionCallInfo fcinfo, int argno, const TcMap *map,
					   Datum *keys);

/* The same; false where no key of the column's type equals the argument. */
extern bool tc_key_arg_if_any(FunctionCallInfo fcinfo, int argno,
							  const TcMap *map, Datum *keys);

/* The keys in an array argument; NULL elements have their nulls entry set. */
typedef struct TcKeyArray
{
	int n;
	int nkeys;	 /* columns of a key */
	Datum *keys; /* those of one after those of the other */
	bool *nulls;
	char **impossible; /* text of a value no key equals, or NULL */
} TcKeyArray;

/* One key of an array. */
static inline Datum *
tc_key_arg_at(const TcKeyArray *array, int i)
{
	return array->keys + i * array->nkeys;
}

/*
 * The same for an array from elsewhere; what is looked up is kept in *place,
 * in the memory context given.
 */
extern void tc_key_arg_from_array(ArrayType *arg, const TcMap *map,
								  void **place, MemoryContext context,
								  TcKeyArray *array);

extern void tc_key_arg_report_range(const TcMap *map);
extern void tc_key_arg_array(FunctionCallInfo fcinfo, int argno,
							 const TcMap *map, TcKeyArray *array);

/*
 * The map that argument 0 names, to be written to.  A volatile one is locked
 * with RowExclusiveLock, and an error where the user may not do all that mode
 * says; a table's statements lock it and ask for themselves.
 */
extern TcMap *tc_arg_map_to_write(FunctionCallInfo fcinfo, AclMode mode);

/* When a record written now ends: the argument's or the map's time to live. */
extern TimestampTz tc_arg_expires(FunctionCallInfo fcinfo, int argno,
								  const TcMap *map);

/* Report that records of a map have no time to live of their own. */
extern void tc_arg_report_no_expiry(const TcMap *map);

/*
 * A value of the map's value column from jsonb, from its text form, or from
 * MessagePack; the last returns false if it is NULL.
 */
extern Datum tc_value_arg_from_jsonb(const TcMap *map, Jsonb *document);
extern Datum tc_value_arg_from_text(const TcMap *map, text *string);
extern bool tc_value_arg_from_msgpack(const TcMap *map, bytea *data,
									  Datum *value);

/*
 * A row of a map that keeps whole rows, from a jsonb object, from the text
 * form of a row, or from a map of MessagePack.  The key columns, where they are given, must be the key.
 */
extern void tc_row_arg_from_jsonb(TcMap *map, const Datum *keys,
								  Jsonb *document, TcNewColumns *columns);
extern void tc_row_arg_from_text(TcMap *map, const Datum *keys, text *string,
								 TcNewColumns *columns);
extern void tc_row_arg_from_msgpack(TcMap *map, const Datum *keys, bytea *data,
									TcNewColumns *columns);

/* A value that was found: as jsonb, in its text form, or as MessagePack. */
extern Datum tc_result_jsonb(TcMap *map, const TcValue *value);
extern Datum tc_result_text(TcMap *map, const TcValue *value);
extern Datum tc_result_msgpack(TcMap *map, const TcValue *value);

/* The row that was found, as a value of the relation's row type. */
extern Datum tc_result_row(const TcMap *map, const TcValue *value);

/* A key as a text datum. */
extern Datum tc_result_key(const TcMap *map, const Datum *keys);

/* Report a NULL where there must be none. */
extern void tc_arg_require(FunctionCallInfo fcinfo, int argno,
						   const char *name);

/* Report an error unless the current user owns the relation. */
extern void tc_arg_require_owner(Oid relation);

#endif /* TC_ARG_H */
