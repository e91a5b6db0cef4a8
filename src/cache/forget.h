/*
 * forget.h
 *	  Drops what is cached of a relation or a database.
 */
#ifndef TC_FORGET_H
#define TC_FORGET_H

/*
 * Drop what is cached of a relation, for a writer that can't bring its
 * records up to date.  Whoever caches it again reads the table after this.
 */
extern void tc_forget_records(Oid relation);

/*
 * A map's relation, or a database, is being dropped: what is known of it goes
 * when the transaction commits, and not before.
 */
extern void tc_forget_relation_at_commit(Oid relation, bool is_volatile);
extern void tc_forget_database_at_commit(Oid database);

extern void tc_forget_init(void);

#endif /* TC_FORGET_H */
