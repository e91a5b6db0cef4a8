/*
 * msgpack_number.h
 *	  Numbers between numeric's binary form and MessagePack's.
 *
 * Compiles without the server.  What is called numeric here is a numeric
 * datum with a four-byte header, at any address.
 */
#ifndef TC_MSGPACK_NUMBER_H
#define TC_MSGPACK_NUMBER_H

#include <stdbool.h>

#include "msgpack/jsonb_form.h"

/* The forms of a number in MessagePack, the shortest faithful one first. */
typedef enum TcNumberKind
{
	TC_NUMBER_UNSIGNED, /* 0 to 2^64 - 1 */
	TC_NUMBER_NEGATIVE, /* -2^63 to -1 */
	TC_NUMBER_DOUBLE,	/* what this double prints as */
	TC_NUMBER_DECIMAL	/* anything else, as text */
} TcNumberKind;

typedef struct TcNumber
{
	TcNumberKind kind;
	union
	{
		uint64_t magnitude; /* of the integers */
		double real;
		uint32_t length; /* of the decimal's text */
	} as;
} TcNumber;

/* The most bytes a numeric takes that is made of an integer or a float. */
#define TC_NUMERIC_MAX_BYTES 20

/* The most bytes a numeric takes that is made of so much text. */
#define TC_NUMERIC_TEXT_MAX_BYTES(length) (8 + 2 * ((length) / 4 + 2))

/* The longest text that a shortest-decimal function may return, and NUL. */
#define TC_SHORTEST_BYTES 32

/* The general case of tc_number_read. */
extern void tc_number_read_any(const char *numeric, TcNumber *number);

/* Write a decimal's text; its length is what tc_number_read found. */
extern void tc_number_write_text(const char *numeric, char *text);

/*
 * Make numerics, at an address that has room for them; the result is the
 * number of bytes they take.  Floats are finite; text has been checked.
 */
extern size_t tc_numeric_from_integer(char *numeric, bool negative,
									  uint64_t magnitude);
extern size_t tc_numeric_from_double(char *numeric, double value);
extern size_t tc_numeric_from_float(char *numeric, float value);
extern size_t tc_numeric_from_text(char *numeric, const char *text,
								   size_t length);

/*
 * Is this the text of a decimal number that numeric can hold, as JSON writes
 * it, without an exponent?
 */
extern bool tc_number_text_valid(const char *text, size_t length);

/*
 * Write the shortest decimal that is read back as this very float, and NUL:
 * from whoever links this.
 */
extern void tc_shortest_double(double value, char *text);
extern void tc_shortest_float(float value, char *text);

/* Which form does this number take? */
static inline void
tc_number_read(const char *numeric, TcNumber *number)
{
	uint32_t bytes = tc_form_varsize(numeric);
	uint16_t header = tc_form_get16(numeric + TC_FORM_VARHDR);
	const char *digits = numeric + TC_FORM_VARHDR + 2;

	/*
	 * Most numbers are integers of one or two digits: short form, scale and
	 * weight 0, or weight 1.
	 */
	if ((header & ~(TC_FORM_SHORT_NEGATIVE | 1)) == TC_FORM_NUMERIC_SHORT &&
		bytes > TC_FORM_VARHDR + 2)
	{
		uint64_t magnitude = tc_form_get16(digits);

		if (header & 1)
		{
			magnitude *= 10000;
			if (bytes > TC_FORM_VARHDR + 4)
				magnitude += tc_form_get16(digits + 2);
		}
		number->kind = header & TC_FORM_SHORT_NEGATIVE ? TC_NUMBER_NEGATIVE
													   : TC_NUMBER_UNSIGNED;
		number->as.magnitude = magnitude;
		return;
	}
	tc_number_read_any(numeric, number);
}

#endif /* TC_MSGPACK_NUMBER_H */
