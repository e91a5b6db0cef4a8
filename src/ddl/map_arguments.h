/*
 * map_arguments.h
 *	  Arguments of the SQL functions that make, change and end maps.
 */
#ifndef TC_MAP_ARGUMENTS_H
#define TC_MAP_ARGUMENTS_H

#include "fmgr.h"
#include "storage/lockdefs.h"

#include "table/map_definition.h"

/* A definition of a durable map without key and limits. */
extern void tc_map_arguments_init(TcMapDefinition *def, Oid relation);

/*
 * The arguments ttl, max_idle and max_cost, from argno on.  Zero takes a
 * limit away, where there may be one already.
 */
extern void tc_map_arguments_limits(FunctionCallInfo fcinfo, int argno,
									bool removable, TcMapDefinition *def);

/* The relation in argument 0, which the user owns, locked. */
extern Oid tc_map_arguments_relation(FunctionCallInfo fcinfo, LOCKMODE lock);

/* The definition of the map in argument 0, which the user owns; locked. */
extern void tc_map_arguments_definition(FunctionCallInfo fcinfo, LOCKMODE lock,
										TcMapDefinition *def);

#endif /* TC_MAP_ARGUMENTS_H */
