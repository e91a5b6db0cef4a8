/*
 * table_options.h
 *	  Values of the options of a foreign table that is a volatile map.
 */
#ifndef TC_TABLE_OPTIONS_H
#define TC_TABLE_OPTIONS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* The names in option "key"; an error where it is no list of names. */
extern List *tc_table_options_key(const char *value);

/* The time in option "ttl"; an error where it is no positive interval. */
extern Interval *tc_table_options_ttl(const char *value);

#endif /* TC_TABLE_OPTIONS_H */
