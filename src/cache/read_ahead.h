/*
 * read_ahead.h
 *	  Reads many records, one after the other.
 */
#ifndef TC_READ_AHEAD_H
#define TC_READ_AHEAD_H

#include "cache/read.h"

struct TcUpcoming;

/* Steps towards a record: its bucket, and what is behind that. */
#define TC_APPROACHES 3

/* Reads of a row of keys.  Zeroed before it is first used. */
typedef struct TcReadAhead
{
	TcReader *reader;
	const Datum *keys; /* the columns of each behind those of the last one */
	int n;
	int next;					   /* the first that was not answered */
	int begun;					   /* that was not begun */
	int approached[TC_APPROACHES]; /* so often */
	bool owes_access;
	struct TcUpcoming *upcoming; /* a ring of those that are under way */
	MemoryContext keys_context;	 /* of long keys */
	MemoryContext row;			 /* of what is read from elsewhere */
} TcReadAhead;

/*
 * Begin to read the records of n keys, which live until the end, as the
 * context does; nothing is read from the table before it is asked for.  The
 * reader's values share memory from then on: each is good until the next read.
 */
extern void tc_read_ahead_start(TcReadAhead *reads, TcReader *reader,
								MemoryContext context, const Datum *keys,
								int n);

/* Read the next record; false when there are no more keys. */
extern bool tc_read_ahead_next(TcReadAhead *reads, TcValue *value);

/* Stop before the end, if it is. */
extern void tc_read_ahead_stop(TcReadAhead *reads);

#endif /* TC_READ_AHEAD_H */
