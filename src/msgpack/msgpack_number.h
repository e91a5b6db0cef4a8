/*
 * msgpack_number.h
 *	  The form that a number of jsonb takes in MessagePack.
 *
 * Private to the codec.  Numbers are read where they lie, since each record
 * that enters the cache is measured: most are integers or have few digits, and
 * PostgreSQL is asked about the others only.
 */
#ifndef TC_MSGPACK_NUMBER_H
#define TC_MSGPACK_NUMBER_H

#include "utils/numeric.h"

/* The shortest faithful one first. */
typedef enum TcMsgpackNumberKind
{
	TC_NUMBER_UNSIGNED, /* 0 to 2^64 - 1 */
	TC_NUMBER_NEGATIVE, /* -2^63 to -1 */
	TC_NUMBER_DOUBLE,	/* what this double prints as */
	TC_NUMBER_DECIMAL	/* anything else, as text */
} TcMsgpackNumberKind;

typedef struct TcMsgpackNumber
{
	TcMsgpackNumberKind kind;
	union
	{
		uint64 magnitude; /* of the integers */
		double real;
		char *text; /* to be freed */
	} as;
} TcMsgpackNumber;

/* Which form does this number take? */
extern void tc_msgpack_number_read(Numeric numeric, TcMsgpackNumber *number);

#endif /* TC_MSGPACK_NUMBER_H */
