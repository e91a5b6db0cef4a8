/*
 * volatile_tables.h
 *	  Foreign tables that are volatile maps, by their options.
 */
#ifndef TC_VOLATILE_TABLES_H
#define TC_VOLATILE_TABLES_H

#include "datatype/timestamp.h"

/*
 * Within an event trigger at the end of a command: give the foreign tables
 * that it made or changed the definitions that their options say.
 */
extern void tc_volatile_tables_define(void);

/* The same after definitions have followed renamed columns: options too. */
extern void tc_volatile_tables_follow_renames(void);

/* Set the time to live in the options of a volatile map; NULL: none. */
extern void tc_volatile_tables_set_ttl(Oid relation, Interval *ttl);

/* An interval as text. */
extern char *tc_volatile_tables_interval_text(const Interval *interval);

#endif /* TC_VOLATILE_TABLES_H */
