/*
 * attach.h
 *	  Makes relations maps.
 */
#ifndef TC_ATTACH_H
#define TC_ATTACH_H

#include "utils/relcache.h"

#include "table/map_definition.h"

/* Report an error unless the relation is an ordinary table. */
extern void tc_attach_check(Relation rel);

/* Make a table that has been checked, and is locked, a map. */
extern void tc_attach_table(const TcMapDefinition *def);

#endif /* TC_ATTACH_H */
