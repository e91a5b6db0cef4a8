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

/*
 * A numeric is, behind the header that every varlena has, a word that holds
 * scale and weight in the short form and scale alone in the long one, which has
 * a word for the weight behind it, and then digits of base 10,000.  Weight is
 * the first digit's power of that base.  numeric.c keeps the form to itself,
 * and since all databases have it on disk it does not change.
 */
#define TC_NUMERIC_KIND_MASK	  0xC000
#define TC_NUMERIC_SPECIAL		  0xC000
#define TC_NUMERIC_NEGATIVE		  0x4000
#define TC_NUMERIC_SCALE_MASK	  0x3FFF
#define TC_NUMERIC_SHORT		  0x8000
#define TC_NUMERIC_SHORT_NEGATIVE 0x2000
#define TC_NUMERIC_BASE			  10000

/* The general case of tc_msgpack_number_read. */
extern void tc_msgpack_number_read_any(Numeric numeric,
									   TcMsgpackNumber *number);

/* Which form does this number take? */
static inline void
tc_msgpack_number_read(Numeric numeric, TcMsgpackNumber *number)
{
	const uint16 *words = (const uint16 *) VARDATA(numeric);
	size_t bytes = VARSIZE(numeric) - VARHDRSZ;

	/*
	 * Most are integers of one or two digits: short form, scale and weight 0,
	 * or weight 1.
	 */
	if ((words[0] & ~(TC_NUMERIC_SHORT_NEGATIVE | 1)) == TC_NUMERIC_SHORT &&
		bytes > sizeof(uint16))
	{
		uint64 magnitude = words[1];

		if (words[0] & 1)
		{
			magnitude *= TC_NUMERIC_BASE;
			if (bytes > 2 * sizeof(uint16))
				magnitude += words[2];
		}
		number->kind = words[0] & TC_NUMERIC_SHORT_NEGATIVE
			? TC_NUMBER_NEGATIVE
			: TC_NUMBER_UNSIGNED;
		number->as.magnitude = magnitude;
		return;
	}
	tc_msgpack_number_read_any(numeric, number);
}

#endif /* TC_MSGPACK_NUMBER_H */
