/*-------------------------------------------------------------------------
 *
 * msgpack_number.c
 *	  The form that a number of jsonb takes in MessagePack.
 *
 * numeric keeps a scale: 1.0 is another number than 1 to the eye, and jsonb
 * gives back what it was given.  So a number travels as an integer only when
 * its scale is 0, as a double only when that double prints as the same
 * digits with the same scale, and otherwise as its decimal text.
 *
 * Structure: what fits into an integer and a scale is decided here; of all
 * else the text is made and read back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/fmgrprotos.h"

#include "base/pg_compat.h"
#include "msgpack/msgpack_number.h"

/*
 * A numeric is, behind the header that every varlena has, a word that holds
 * scale and weight in the short form and scale alone in the long one, which has
 * a word for the weight behind it, and then digits of base 10,000.  Weight is
 * the first digit's power of that base.  numeric.c keeps the form to itself,
 * and since all databases have it on disk it does not change.
 */
#define NUMERIC_KIND_MASK		  0xC000
#define NUMERIC_SPECIAL			  0xC000
#define NUMERIC_NEGATIVE		  0x4000
#define NUMERIC_SCALE_MASK		  0x3FFF
#define NUMERIC_SHORT			  0x8000
#define NUMERIC_SHORT_NEGATIVE	  0x2000
#define NUMERIC_SHORT_SCALE_SHIFT 7
#define NUMERIC_SHORT_SCALE_MASK  0x3F
#define NUMERIC_SHORT_WEIGHT_SIGN 0x40
#define NUMERIC_SHORT_WEIGHT_MASK 0x3F
#define NUMERIC_BASE			  10000
#define NUMERIC_DIGIT_WIDTH		  4

/* Every decimal of so many digits survives being a double, ... */
#define DOUBLE_SAFE_END UINT64CONST(1000000000000000)
/* ... and powers of ten up to this one are exact in a double. */
#define DOUBLE_SAFE_POWER 22

static const double exact_power[DOUBLE_SAFE_POWER + 1] = {
	1e0,  1e1,	1e2,  1e3,	1e4,  1e5,	1e6,  1e7,	1e8,  1e9,	1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* mantissa / 10^scale, every digit of it */
typedef struct Decimal
{
	bool negative;
	int scale;
	uint64 mantissa;
} Decimal;

/* Take a numeric apart; false if it has too many digits, or is no number. */
static bool
read_decimal(Numeric numeric, Decimal *decimal)
{
	const uint16 *words = (const uint16 *) VARDATA(numeric);
	const uint16 *end =
		(const uint16 *) ((const char *) numeric + VARSIZE(numeric));
	uint16 header = *words++;
	int power;

	if ((header & NUMERIC_KIND_MASK) == NUMERIC_SPECIAL)
		return false;
	if (header & NUMERIC_SHORT)
	{
		decimal->negative = (header & NUMERIC_SHORT_NEGATIVE) != 0;
		decimal->scale =
			(header >> NUMERIC_SHORT_SCALE_SHIFT) & NUMERIC_SHORT_SCALE_MASK;
		power = (header & NUMERIC_SHORT_WEIGHT_MASK) -
			(header & NUMERIC_SHORT_WEIGHT_SIGN ? NUMERIC_SHORT_WEIGHT_MASK + 1
												: 0);
	}
	else
	{
		decimal->negative = (header & NUMERIC_NEGATIVE) != 0;
		decimal->scale = header & NUMERIC_SCALE_MASK;
		power = (int16) *words++;
	}
	/* of ten, and of what comes behind the last digit's last place */
	power = NUMERIC_DIGIT_WIDTH * (power + 1 - (int) (end - words)) +
		decimal->scale;
	decimal->mantissa = 0;
	for (; words < end; words++)
	{
		if (decimal->mantissa > (PG_UINT64_MAX - *words) / NUMERIC_BASE)
			return false;
		decimal->mantissa = decimal->mantissa * NUMERIC_BASE + *words;
	}
	if (decimal->mantissa == 0)
		return true;
	for (; power < 0; power++)
		decimal->mantissa /= 10;
	for (; power > 0; power--)
	{
		if (decimal->mantissa > PG_UINT64_MAX / 10)
			return false;
		decimal->mantissa *= 10;
	}
	return true;
}

static char *
numeric_text(Numeric numeric)
{
	return DatumGetCString(
		DirectFunctionCall1(numeric_out, NumericGetDatum(numeric)));
}

/* Does a double print as a number of this text? */
static bool
prints_as(double value, const char *text)
{
	char shortest[DOUBLE_SHORTEST_DECIMAL_LEN];
	Numeric numeric;
	char *printed;
	bool same;

	if (!isfinite(value))
		return false;
	double_to_shortest_decimal_buf(value, shortest);
	/* numeric has no exponents, and else they print alike */
	if (strchr(shortest, 'e') == NULL)
		return strcmp(shortest, text) == 0;
	numeric = DatumGetNumeric(
		DirectFunctionCall3(numeric_in, CStringGetDatum(shortest),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	printed = numeric_text(numeric);
	same = strcmp(printed, text) == 0;
	pfree(printed);
	pfree(numeric);
	return same;
}

/* Ask PostgreSQL. */
static void
read_text(Numeric numeric, TcMsgpackNumber *number)
{
	char *text = numeric_text(numeric);
	double value = strtod(text, NULL);

	if (prints_as(value, text))
	{
		number->kind = TC_NUMBER_DOUBLE;
		number->as.real = value;
		pfree(text);
		return;
	}
	number->kind = TC_NUMBER_DECIMAL;
	number->as.text = text;
}

void
tc_msgpack_number_read(Numeric numeric, TcMsgpackNumber *number)
{
	Decimal decimal;

	if (!read_decimal(numeric, &decimal))
		read_text(numeric, number);
	else if (decimal.scale == 0 &&
			 (!decimal.negative ||
			  decimal.mantissa <= (uint64) PG_INT64_MAX + 1))
	{
		number->kind =
			decimal.negative ? TC_NUMBER_NEGATIVE : TC_NUMBER_UNSIGNED;
		number->as.magnitude = decimal.mantissa;
	}
	else if (decimal.mantissa < DOUBLE_SAFE_END &&
			 decimal.scale <= DOUBLE_SAFE_POWER && decimal.mantissa % 10 != 0)
	{
		/* both operands are exact, so that the quotient is rounded only once */
		number->kind = TC_NUMBER_DOUBLE;
		number->as.real =
			(double) decimal.mantissa / exact_power[decimal.scale];
		if (decimal.negative)
			number->as.real = -number->as.real;
	}
	else if (decimal.scale > 0 && decimal.mantissa % 10 == 0)
	{
		/* no double prints zeros at its end */
		number->kind = TC_NUMBER_DECIMAL;
		number->as.text = numeric_text(numeric);
	}
	else
		read_text(numeric, number);
}
