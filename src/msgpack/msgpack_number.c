/*-------------------------------------------------------------------------
 *
 * msgpack_number.c
 *	  Numbers between numeric's binary form and MessagePack's.
 *
 * numeric keeps a scale: 1.0 is another number than 1 to the eye, and jsonb
 * gives back what it was given.  So a number travels as an integer only when
 * its scale is 0, as a double only when that double prints as the same
 * digits with the same scale, and otherwise as its decimal text.
 *
 * Structure: TcDecimal, a number as at most 20 digits and a power of ten, is
 * what both directions have in common.  Reading makes one of a numeric,
 * checks it against a double's shortest text, which is made into one too;
 * writing turns one into the digits of a numeric.
 *
 * Concurrency: none; there is no state.
 *
 * Failure: none; text from outside is checked before it is written.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "msgpack/msgpack_number.h"

/* A digit of numeric holds so many decimal ones. */
#define DIGIT_WIDTH 4
#define DIGIT_BASE	10000

/* Every decimal of so many digits survives being a double, ... */
#define DOUBLE_SAFE_DIGITS_END UINT64_C(1000000000000000)
/* ... none of more than so many is the shortest text of one, ... */
#define DOUBLE_MAX_DIGITS_END UINT64_C(100000000000000000)
/* ... and powers of ten up to this one are exact in a double. */
#define DOUBLE_SAFE_POWER 22
/* With up to so many decimals a double's text is worth a guess. */
#define GUESS_PLACES 3

/* A numeric taken apart. */
typedef struct TcNumeric
{
	bool negative;
	bool special; /* NaN or infinite: not in any jsonb */
	int scale;	  /* decimal digits after the point */
	int weight;	  /* power of 10,000 of the first digit */
	int ndigits;
	const char *digits;
} TcNumeric;

/* mantissa * 10^power */
typedef struct TcDecimal
{
	bool negative;
	uint64_t mantissa;
	int power;
} TcDecimal;

static const uint16_t small_power[DIGIT_WIDTH + 1] = {1, 10, 100, 1000, 10000};

static const double exact_power[DOUBLE_SAFE_POWER + 1] = {
	1e0,  1e1,	1e2,  1e3,	1e4,  1e5,	1e6,  1e7,	1e8,  1e9,	1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* -----------------------------------------------------------------------
 * Reading
 * -----------------------------------------------------------------------
 */

static void
numeric_open(const char *datum, TcNumeric *numeric)
{
	uint16_t header = tc_form_get16(datum + TC_FORM_VARHDR);
	int header_bytes = TC_FORM_VARHDR + 2;

	numeric->special =
		(header & TC_FORM_NUMERIC_KIND) == TC_FORM_NUMERIC_SPECIAL;
	if (header & TC_FORM_NUMERIC_SHORT)
	{
		numeric->negative = (header & TC_FORM_SHORT_NEGATIVE) != 0;
		numeric->scale =
			(header >> TC_FORM_SHORT_SCALE_SHIFT) & TC_FORM_SHORT_SCALE_MAX;
		numeric->weight = header & TC_FORM_SHORT_WEIGHT_MASK;
		if (numeric->weight > TC_FORM_SHORT_WEIGHT_MAX)
			numeric->weight -= TC_FORM_SHORT_WEIGHT_MASK + 1;
	}
	else
	{
		numeric->negative = (header & TC_FORM_NUMERIC_NEGATIVE) != 0;
		numeric->scale = header & TC_FORM_NUMERIC_SCALE_MAX;
		numeric->weight = (int16_t) tc_form_get16(datum + header_bytes);
		header_bytes += 2;
	}
	numeric->digits = datum + header_bytes;
	numeric->ndigits = (int) (tc_form_varsize(datum) - header_bytes) / 2;
}

/* Digit i; those before the first and after the last are zero. */
static inline int
digit(const TcNumeric *numeric, int i)
{
	if (i < 0 || i >= numeric->ndigits)
		return 0;
	return tc_form_get16(numeric->digits + 2 * (size_t) i);
}

/* How many decimal digits? */
static int
width(int digit)
{
	return digit >= 1000 ? 4 : digit >= 100 ? 3 : digit >= 10 ? 2 : 1;
}

/* How many decimal digits before the point?  At least one is written. */
static int
integer_width(const TcNumeric *numeric)
{
	if (numeric->weight < 0 || numeric->ndigits == 0)
		return 1;
	return DIGIT_WIDTH * numeric->weight + width(digit(numeric, 0));
}

/* An integer that MessagePack has? */
static bool
read_integer(const TcNumeric *numeric, TcNumber *number)
{
	uint64_t magnitude = 0;

	/* 2^64 has five digits of numeric */
	if (numeric->scale != 0 || numeric->weight > 4 ||
		numeric->ndigits > numeric->weight + 1)
		return false;
	for (int i = 0; i <= numeric->weight; i++)
	{
		uint64_t next = digit(numeric, i);

		if (magnitude > (UINT64_MAX - next) / DIGIT_BASE)
			return false;
		magnitude = magnitude * DIGIT_BASE + next;
	}
	if (numeric->negative && magnitude > (uint64_t) INT64_MAX + 1)
		return false;
	number->kind = numeric->negative && magnitude > 0 ? TC_NUMBER_NEGATIVE
													  : TC_NUMBER_UNSIGNED;
	number->as.magnitude = magnitude;
	return true;
}

/*
 * The number as the decimal that a double may print as: without zeros at its
 * end.  False when that takes more digits than doubles print, or when the
 * scale says that zeros follow them.
 */
static bool
read_decimal(const TcNumeric *numeric, TcDecimal *decimal)
{
	int last = numeric->ndigits - 1;
	int power = DIGIT_WIDTH * (numeric->weight - last);
	uint64_t mantissa = 0;
	int tail;
	int zeros = 0;

	/* 17 decimal digits begin and end within six */
	if (last < 0 || last > 5)
		return false;
	for (int i = 0; i < last; i++)
	{
		if (mantissa >= DOUBLE_MAX_DIGITS_END / DIGIT_BASE)
			return false;
		mantissa = mantissa * DIGIT_BASE + digit(numeric, i);
	}
	tail = digit(numeric, last);
	while (tail % 10 == 0 && zeros < DIGIT_WIDTH)
	{
		tail /= 10;
		zeros++;
	}
	if (mantissa >= DOUBLE_MAX_DIGITS_END / small_power[DIGIT_WIDTH - zeros])
		return false;
	decimal->negative = numeric->negative;
	decimal->mantissa = mantissa * small_power[DIGIT_WIDTH - zeros] + tail;
	decimal->power = power + zeros;
	return numeric->scale == (decimal->power < 0 ? -decimal->power : 0);
}

/* Take apart what a shortest-decimal function wrote. */
static void
parse_shortest(const char *text, TcDecimal *decimal)
{
	bool fraction = false;

	decimal->negative = *text == '-';
	decimal->mantissa = 0;
	decimal->power = 0;
	for (text += decimal->negative; *text && *text != 'e'; text++)
	{
		if (*text == '.')
		{
			fraction = true;
			continue;
		}
		decimal->mantissa = decimal->mantissa * 10 + (*text - '0');
		decimal->power -= fraction;
	}
	if (*text == 'e')
		decimal->power += atoi(text + 1);
}

/*
 * What a double prints as, if that is an integer or has few decimals; most
 * have.  Of all decimals of so few digits only one is nearest to the double,
 * so if this one is, nothing shorter can be.
 */
static bool
guess_shortest(double value, TcDecimal *decimal)
{
	double magnitude = fabs(value);

	for (int places = 0; places <= GUESS_PLACES; places++)
	{
		double scaled = magnitude * exact_power[places];

		if (scaled >= DOUBLE_SAFE_DIGITS_END)
			return false;
		decimal->mantissa = (uint64_t) (scaled + 0.5);
		if ((double) decimal->mantissa / exact_power[places] == magnitude)
		{
			decimal->negative = value < 0;
			decimal->power = -places;
			return true;
		}
	}
	return false;
}

/* Without zeros at the end. */
static void
strip_zeros(TcDecimal *decimal)
{
	while (decimal->mantissa != 0 && decimal->mantissa % 10 == 0)
	{
		decimal->mantissa /= 10;
		decimal->power++;
	}
}

/* The double that prints as this decimal, if there is one. */
static bool
find_double(const TcDecimal *decimal, double *value)
{
	char text[TC_SHORTEST_BYTES];
	TcDecimal shortest;

	/* both operands are exact, so that the quotient is rounded only once */
	if (decimal->mantissa < DOUBLE_SAFE_DIGITS_END && decimal->power < 0 &&
		decimal->power >= -DOUBLE_SAFE_POWER)
	{
		*value = (double) decimal->mantissa / exact_power[-decimal->power];
		if (decimal->negative)
			*value = -*value;
		return true;
	}
	snprintf(text, sizeof(text), "%s%llue%d", decimal->negative ? "-" : "",
			 (unsigned long long) decimal->mantissa, decimal->power);
	*value = strtod(text, NULL);
	if (!isfinite(*value))
		return false;
	tc_shortest_double(*value, text);
	parse_shortest(text, &shortest);
	strip_zeros(&shortest);
	return shortest.mantissa == decimal->mantissa &&
		shortest.power == decimal->power;
}

void
tc_number_read_any(const char *datum, TcNumber *number)
{
	TcNumeric numeric;
	TcDecimal decimal;

	numeric_open(datum, &numeric);
	if (numeric.special)
	{
		/* cannot be: jsonb holds no such number */
		number->kind = TC_NUMBER_DOUBLE;
		number->as.real = NAN;
		return;
	}
	if (read_integer(&numeric, number))
		return;
	if (read_decimal(&numeric, &decimal) &&
		find_double(&decimal, &number->as.real))
	{
		number->kind = TC_NUMBER_DOUBLE;
		return;
	}
	number->kind = TC_NUMBER_DECIMAL;
	number->as.length = numeric.negative + integer_width(&numeric) +
		(numeric.scale > 0) + numeric.scale;
}

/* Write a digit's first decimal digits. */
static void
write_digit(char *text, int value, int count)
{
	for (int i = 0; i < count; i++)
		text[i] = '0' + value / small_power[DIGIT_WIDTH - 1 - i] % 10;
}

void
tc_number_write_text(const char *datum, char *text)
{
	TcNumeric numeric;
	int first_width;

	numeric_open(datum, &numeric);
	if (numeric.negative)
		*text++ = '-';
	if (numeric.weight < 0 || numeric.ndigits == 0)
		*text++ = '0';
	else
	{
		first_width = width(digit(&numeric, 0));
		write_digit(text,
					digit(&numeric, 0) * small_power[DIGIT_WIDTH - first_width],
					first_width);
		text += first_width;
		for (int i = 1; i <= numeric.weight; i++, text += DIGIT_WIDTH)
			write_digit(text, digit(&numeric, i), DIGIT_WIDTH);
	}
	if (numeric.scale == 0)
		return;
	*text++ = '.';
	for (int i = numeric.weight + 1; numeric.scale > 0; i++)
	{
		int count = numeric.scale < DIGIT_WIDTH ? numeric.scale : DIGIT_WIDTH;

		write_digit(text, digit(&numeric, i), count);
		text += count;
		numeric.scale -= count;
	}
}

/* -----------------------------------------------------------------------
 * Writing
 * -----------------------------------------------------------------------
 */

/*
 * Put a header before digits that stand where those of a long header begin,
 * and move them to where they belong.  Digits that are zero at either end
 * are left out.
 */
static size_t
numeric_close(char *datum, const TcNumeric *made)
{
	TcNumeric numeric = *made;
	size_t header_bytes = TC_FORM_VARHDR + 2;
	size_t bytes;

	while (numeric.ndigits > 0 && digit(&numeric, 0) == 0)
	{
		numeric.digits += 2;
		numeric.ndigits--;
		numeric.weight--;
	}
	while (numeric.ndigits > 0 && digit(&numeric, numeric.ndigits - 1) == 0)
		numeric.ndigits--;
	if (numeric.ndigits == 0)
	{
		numeric.negative = false;
		numeric.weight = 0;
	}
	if (numeric.scale <= TC_FORM_SHORT_SCALE_MAX &&
		numeric.weight >= TC_FORM_SHORT_WEIGHT_MIN &&
		numeric.weight <= TC_FORM_SHORT_WEIGHT_MAX)
		tc_form_put16(datum + TC_FORM_VARHDR,
					  TC_FORM_NUMERIC_SHORT |
						  (numeric.negative ? TC_FORM_SHORT_NEGATIVE : 0) |
						  numeric.scale << TC_FORM_SHORT_SCALE_SHIFT |
						  (numeric.weight & TC_FORM_SHORT_WEIGHT_MASK));
	else
	{
		tc_form_put16(datum + TC_FORM_VARHDR,
					  (numeric.negative ? TC_FORM_NUMERIC_NEGATIVE : 0) |
						  numeric.scale);
		tc_form_put16(datum + TC_FORM_VARHDR + 2, (uint16_t) numeric.weight);
		header_bytes += 2;
	}
	memmove(datum + header_bytes, numeric.digits, 2 * (size_t) numeric.ndigits);
	bytes = header_bytes + 2 * (size_t) numeric.ndigits;
	tc_form_set_varsize(datum, (uint32_t) bytes);
	return bytes;
}

/* Write a decimal of at most 20 digits. */
static size_t
numeric_from_decimal(char *datum, const TcDecimal *decimal)
{
	char digits[2 * 6];
	char *first = digits + sizeof(digits);
	uint64_t rest = decimal->mantissa;
	/* the power of 10,000 of the last digit, rounding down */
	int exponent = (decimal->power + 65536 * DIGIT_WIDTH) / DIGIT_WIDTH - 65536;
	int shift = decimal->power - exponent * DIGIT_WIDTH;
	int cut = small_power[DIGIT_WIDTH - shift];
	TcNumeric numeric;

	first -= 2;
	tc_form_put16(first, (uint16_t) (rest % cut * small_power[shift]));
	for (rest /= cut; rest > 0; rest /= DIGIT_BASE)
	{
		first -= 2;
		tc_form_put16(first, (uint16_t) (rest % DIGIT_BASE));
	}
	numeric.negative = decimal->negative;
	numeric.special = false;
	numeric.scale = decimal->power < 0 ? -decimal->power : 0;
	numeric.ndigits = (int) (digits + sizeof(digits) - first) / 2;
	numeric.weight = exponent + numeric.ndigits - 1;
	numeric.digits = first;
	return numeric_close(datum, &numeric);
}

size_t
tc_numeric_from_integer(char *datum, bool negative, uint64_t magnitude)
{
	/* the common case, written at once */
	if (magnitude > 0 && magnitude < DIGIT_BASE)
	{
		tc_form_set_varsize(datum, TC_FORM_VARHDR + 4);
		tc_form_put16(datum + TC_FORM_VARHDR,
					  TC_FORM_NUMERIC_SHORT |
						  (negative ? TC_FORM_SHORT_NEGATIVE : 0));
		tc_form_put16(datum + TC_FORM_VARHDR + 2, (uint16_t) magnitude);
		return TC_FORM_VARHDR + 4;
	}
	return numeric_from_decimal(datum,
								&(TcDecimal){.negative = negative,
											 .mantissa = magnitude});
}

size_t
tc_numeric_from_double(char *datum, double value)
{
	char text[TC_SHORTEST_BYTES];
	TcDecimal decimal;

	if (!guess_shortest(value, &decimal))
	{
		tc_shortest_double(value, text);
		parse_shortest(text, &decimal);
	}
	return numeric_from_decimal(datum, &decimal);
}

/*
 * A float's shortest text rounds even integers, which is right for what was
 * measured and wrong for what was counted; those that a double can hold with
 * every digit are taken as they are.
 */
size_t
tc_numeric_from_float(char *datum, float value)
{
	char text[TC_SHORTEST_BYTES];
	TcDecimal decimal;

	if (fabs(value) < (double) DOUBLE_SAFE_DIGITS_END && trunc(value) == value)
		return tc_numeric_from_double(datum, value);
	tc_shortest_float(value, text);
	parse_shortest(text, &decimal);
	return numeric_from_decimal(datum, &decimal);
}

/* Where does the text of a valid number have its point, or would have it? */
static size_t
find_point(const char *text, size_t length)
{
	const char *point = memchr(text, '.', length);

	return point ? (size_t) (point - text) : length;
}

size_t
tc_numeric_from_text(char *datum, const char *text, size_t length)
{
	TcNumeric numeric = {0};
	char *digits = datum + TC_FORM_VARHDR + 4;
	size_t point;
	size_t at = 0;
	int missing;

	numeric.negative = *text == '-';
	text += numeric.negative;
	length -= numeric.negative;
	point = find_point(text, length);
	numeric.scale = point < length ? (int) (length - point - 1) : 0;
	numeric.weight = (int) ((point + DIGIT_WIDTH - 1) / DIGIT_WIDTH) - 1;
	numeric.digits = digits;

	/* digits of numeric are counted from the point */
	missing = (int) (DIGIT_WIDTH - point % DIGIT_WIDTH) % DIGIT_WIDTH;
	while (at < length)
	{
		int value = 0;

		for (; missing < DIGIT_WIDTH; missing++)
		{
			if (at == point)
				at++;
			value = value * 10 + (at < length ? text[at] - '0' : 0);
			at++;
		}
		tc_form_put16(digits + 2 * (size_t) numeric.ndigits++,
					  (uint16_t) value);
		missing = 0;
	}
	return numeric_close(datum, &numeric);
}

/* How many of these are decimal digits? */
static size_t
count_digits(const char *text, size_t length)
{
	size_t count = 0;

	while (count < length && text[count] >= '0' && text[count] <= '9')
		count++;
	return count;
}

bool
tc_number_text_valid(const char *text, size_t length)
{
	size_t count;

	if (length > 0 && *text == '-')
	{
		text++;
		length--;
	}
	count = count_digits(text, length);
	if (count == 0 || (count > 1 && *text == '0') ||
		count > DIGIT_WIDTH * (TC_FORM_NUMERIC_WEIGHT_MAX + 1))
		return false;
	if (count == length)
		return true;
	if (text[count] != '.')
		return false;
	text += count + 1;
	length -= count + 1;
	return length > 0 && length <= TC_FORM_NUMERIC_SCALE_MAX &&
		count_digits(text, length) == length;
}
