/*
 * guard.h
 *	  The triggers that tell the cache of every change of a backing table.
 */
#ifndef TC_GUARD_H
#define TC_GUARD_H

#include "utils/relcache.h"

/* Are the triggers in place, enabled always, and what they were made? */
extern bool tc_guard_intact(Relation rel);

/*
 * Where they are intact: has the table no others?  Foreign keys are triggers
 * too.
 */
extern bool tc_guard_alone(Relation rel);

/*
 * Remove every trigger that calls our functions, whatever its name and
 * however it came there; false if there was none.
 */
extern bool tc_guard_remove(Oid relation);

/* Make the triggers, in place of those that are there. */
extern void tc_guard_create(Oid relation);

#endif /* TC_GUARD_H */
