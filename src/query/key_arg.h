/*
 * key_arg.h
 *	  Takes keys out of the arguments of SQL functions.
 */
#ifndef TC_KEY_ARG_H
#define TC_KEY_ARG_H

#include "fmgr.h"
#include "utils/array.h"

#include "table/map.h"

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

/* Report that there is no such key. */
extern void tc_key_arg_report_range(const TcMap *map);

/* The keys in an array; NULL elements have their nulls entry set. */
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

/* Can there be a record of a key of an array? */
static inline bool
tc_key_arg_is_possible(const TcKeyArray *array, int i)
{
	return !array->nulls[i] && array->impossible[i] == NULL;
}

/* The keys in an array argument. */
extern void tc_key_arg_array(FunctionCallInfo fcinfo, int argno,
							 const TcMap *map, TcKeyArray *array);

/*
 * The same for an array from elsewhere; what is looked up is kept in *place,
 * in the memory context given.
 */
extern void tc_key_arg_from_array(ArrayType *arg, const TcMap *map,
								  void **place, MemoryContext context,
								  TcKeyArray *array);

#endif /* TC_KEY_ARG_H */
