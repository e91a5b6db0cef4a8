/*
 * definitions.h
 *	  Changes of the table of map definitions.
 */
#ifndef TC_DEFINITIONS_H
#define TC_DEFINITIONS_H

#include "table/map_definition.h"

/*
 * Write and delete definitions, with the rights of the extension's owner:
 * users have none on the table.  The caller has checked theirs on the map.
 */
extern void tc_definitions_insert(const TcMapDefinition *def);
extern void tc_definitions_update(const TcMapDefinition *def);
extern void tc_definitions_delete(Oid relation);

/* Delete those of relations that the current command has dropped. */
extern void tc_definitions_forget_dropped(void);

/* Name columns that have been renamed as they are called now. */
extern void tc_definitions_follow_renames(void);

/* Set the numbers of columns where triggers were off when they were due. */
extern void tc_definitions_renumber(void);

#endif /* TC_DEFINITIONS_H */
