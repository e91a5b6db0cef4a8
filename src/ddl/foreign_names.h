/*
 * foreign_names.h
 *	  Keeps option "relation" of foreign tables the name of their table.
 */
#ifndef TC_FDW_NAMES_H
#define TC_FDW_NAMES_H

#include "postgres_ext.h"

/* Complete the name with the schema that it has been found in. */
extern void tc_foreign_names_qualify(Oid foreign_table);

/*
 * A table or a schema is being changed, but nobody sees that yet: if it has
 * been given another name or schema, let all options follow.
 */
extern void tc_foreign_names_follow_table(Oid relation);
extern void tc_foreign_names_follow_schema(Oid schema);

#endif /* TC_FDW_NAMES_H */
