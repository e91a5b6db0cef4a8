/*
 * row_expiry.h
 *	  When rows of tables expire, as far as is known, for whoever purges them.
 */
#ifndef TC_ROW_EXPIRY_H
#define TC_ROW_EXPIRY_H

/*
 * Note that a row of the map's table expires at a TimestampTz.  noted reads
 * the first of them, take forgets it too; PG_INT64_MAX when there is none.
 */
extern void tc_row_expiry_note(uint16 number, int64 expires);
extern int64 tc_row_expiry_noted(uint16 number);
extern int64 tc_row_expiry_take(uint16 number);

/*
 * What the last look for expired rows has found: whether the database has
 * tables with such rows, and whether there is more to be deleted.  reported is
 * false when it was about another database.
 */
extern void tc_row_expiry_report(Oid database, bool maps, bool more);
extern bool tc_row_expiry_reported(Oid database, bool *maps, bool *more);

#endif /* TC_ROW_EXPIRY_H */
