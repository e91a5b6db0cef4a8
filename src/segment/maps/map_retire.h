/*
 * map_retire.h
 *	  Ends the caching of maps as they are.
 */
#ifndef TC_MAP_RETIRE_H
#define TC_MAP_RETIRE_H

/* End the caching of a relation as it is: its records are dropped. */
extern void tc_map_retire(Oid database, Oid relation);

/* A relation, or a database, is gone for good: so is all that is known. */
extern void tc_map_retire_forget(Oid database, Oid relation);
extern void tc_map_retire_forget_database(Oid database);

/*
 * Drop the records of retired maps, up to so many; returns how many were
 * dropped.  An entry without records is free again.
 */
extern int64 tc_map_retire_drain(int64 max);

/*
 * For files of the segment floor: let the records of an entry that has been
 * unhooked, if any was, be drained.
 */
extern void tc_map_retire_entry(uint32 number);

#endif /* TC_MAP_RETIRE_H */
