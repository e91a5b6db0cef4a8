/*
 * row_arg.h
 *	  Takes rows out of arguments, for maps that keep whole rows.
 */
#ifndef TC_ROW_ARG_H
#define TC_ROW_ARG_H

#include "utils/jsonb.h"

#include "table/table_sql_row.h"

/*
 * A row of a map that keeps whole rows, from a jsonb object, from the text
 * form of a row, or from a map of MessagePack.  The key columns, where they are
 * given, must be the key.
 */
extern void tc_row_arg_from_jsonb(TcMap *map, const Datum *keys,
								  Jsonb *document, TcNewColumns *columns);
extern void tc_row_arg_from_text(TcMap *map, const Datum *keys, text *string,
								 TcNewColumns *columns);
extern void tc_row_arg_from_msgpack(TcMap *map, const Datum *keys, bytea *data,
									TcNewColumns *columns);

#endif /* TC_ROW_ARG_H */
