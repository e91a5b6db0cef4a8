/*
 * privileges.h
 *	  Who may read and write the records of a map.
 */
#ifndef TC_PRIVILEGES_H
#define TC_PRIVILEGES_H

#include "table/map.h"

/*
 * May the current user read a record's columns?  An error as from SELECT if
 * not.
 */
extern void tc_privileges_check_select(TcMap *map);

/* May a user read all columns that a record has? */
extern bool tc_privileges_record_readable(const TcMap *map, Oid user);

/* May the current user read the key columns of every row? */
extern bool tc_privileges_key_readable(const TcMap *map);

/* What a put needs, as INSERT ... ON CONFLICT DO UPDATE does. */
#define TC_PUT_MODE (ACL_SELECT | ACL_INSERT | ACL_UPDATE)

/* May the current user put records, whatever their columns? */
extern bool tc_privileges_may_put(TcMap *map);

/*
 * Do policies of row-level security apply to a user (InvalidOid: the current
 * one)?
 */
extern bool tc_privileges_policies_apply_to(const TcMap *map, Oid user);

static inline bool
tc_privileges_policies_apply(const TcMap *map)
{
	return tc_privileges_policies_apply_to(map, InvalidOid);
}

#endif /* TC_PRIVILEGES_H */
