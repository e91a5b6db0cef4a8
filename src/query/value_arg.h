/*
 * value_arg.h
 *	  Takes values of a map's value column out of arguments.
 */
#ifndef TC_VALUE_ARG_H
#define TC_VALUE_ARG_H

#include "utils/jsonb.h"

#include "table/map.h"

/*
 * A value of the map's value column from jsonb, from its text form, or from
 * MessagePack; the last returns false if it is NULL.
 */
extern Datum tc_value_arg_from_jsonb(const TcMap *map, Jsonb *document);
extern Datum tc_value_arg_from_text(const TcMap *map, text *string);
extern bool tc_value_arg_from_msgpack(const TcMap *map, bytea *data,
									  Datum *value);

#endif /* TC_VALUE_ARG_H */
