/*-------------------------------------------------------------------------
 *
 * msgpack_text.c
 *	  Text in and from MessagePack: UTF-8, base64 and points in time.
 *
 * Structure: three independent parts.  Validation looks at eight bytes at a
 * time as long as they are ASCII, as they mostly are.
 *
 * Concurrency: none; there is no state.
 *
 * Failure: none; bytes that are not text are an answer.
 *
 *-------------------------------------------------------------------------
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "msgpack/msgpack_text.h"

/* -----------------------------------------------------------------------
 * UTF-8
 * -----------------------------------------------------------------------
 */

/* Are these eight bytes all ASCII and none of them NUL? */
static inline bool
plain_word(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	/* a borrow out of a NUL only adds to what is set already */
	return (((word - ones) | word) & (ones << 7)) == 0;
}

static inline bool
plain_eight(const uint8_t *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return plain_word(word);
}

/* Fewer than eight bytes: put them into one word, some of them twice. */
static inline bool
plain_few(const uint8_t *text, size_t length)
{
	uint32_t first;
	uint32_t last;

	if (length == 0)
		return true;
	if (length < 4)
		return plain_word(UINT64_C(0x0101010101000000) | text[0] |
						  text[length / 2] << 8 | text[length - 1] << 16);
	memcpy(&first, text, sizeof(first));
	memcpy(&last, text + length - 4, sizeof(last));
	return plain_word((uint64_t) first << 32 | last);
}

/* Is all of this ASCII without NUL? */
static inline bool
plain_text(const uint8_t *text, size_t length)
{
	if (length < 8)
		return plain_few(text, length);
	for (size_t at = 0; at < length - 8; at += 8)
	{
		if (!plain_eight(text + at))
			return false;
	}
	return plain_eight(text + length - 8);
}

/*
 * Length of the character that begins here, 0 if it is none.  The second
 * byte's range excludes overlong forms, surrogates and what is beyond the
 * last code point.
 */
static size_t
character_length(const uint8_t *text, size_t left)
{
	uint8_t lead = text[0];
	uint8_t low = 0x80;
	uint8_t high = 0xbf;
	size_t length;

	if (lead < 0x80)
		return lead != 0;
	if (lead >= 0xc2 && lead <= 0xdf)
		length = 2;
	else if (lead >= 0xe0 && lead <= 0xef)
	{
		length = 3;
		low = lead == 0xe0 ? 0xa0 : low;
		high = lead == 0xed ? 0x9f : high;
	}
	else if (lead >= 0xf0 && lead <= 0xf4)
	{
		length = 4;
		low = lead == 0xf0 ? 0x90 : low;
		high = lead == 0xf4 ? 0x8f : high;
	}
	else
		return 0;
	if (length > left || text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
	{
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

size_t
tc_text_valid_length(const uint8_t *text, size_t length)
{
	size_t at = 0;

	if (plain_text(text, length))
		return length;
	while (at < length)
	{
		size_t character = character_length(text + at, length - at);

		if (character == 0)
			break;
		at += character;
	}
	return at;
}

/* -----------------------------------------------------------------------
 * base64
 * -----------------------------------------------------------------------
 */

size_t
tc_text_write_base64(char *text, const uint8_t *data, size_t length)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *to = text;

	for (size_t at = 0; at < length; at += 3)
	{
		size_t left = length - at;
		uint32_t bits = (uint32_t) data[at] << 16;

		if (left > 1)
			bits |= (uint32_t) data[at + 1] << 8;
		if (left > 2)
			bits |= data[at + 2];
		*to++ = alphabet[bits >> 18];
		*to++ = alphabet[bits >> 12 & 0x3f];
		*to++ = left > 1 ? alphabet[bits >> 6 & 0x3f] : '=';
		*to++ = left > 2 ? alphabet[bits & 0x3f] : '=';
	}
	return to - text;
}

/* -----------------------------------------------------------------------
 * Points in time
 * -----------------------------------------------------------------------
 */

#define SECONDS_PER_DAY 86400
/* Days in 400 years, after which the calendar repeats. */
#define DAYS_PER_CYCLE 146097
/* Days from 0000-03-01 to 1970-01-01. */
#define EPOCH_DAY 719468

typedef struct Date
{
	int64_t year;
	int month;
	int day;
} Date;

/*
 * The date of a day counted from 1970-01-01, in the Gregorian calendar.
 * Years are taken to begin in March, so that the leap day comes last.
 */
static Date
date_of(int64_t days)
{
	int64_t cycle;
	int day;   /* of the cycle, then of the year */
	int year;  /* of the cycle */
	int month; /* 0 is March */
	Date date;

	days += EPOCH_DAY;
	cycle = days / DAYS_PER_CYCLE - (days % DAYS_PER_CYCLE < 0);
	day = (int) (days - cycle * DAYS_PER_CYCLE);
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	/* five months from March on have 153 days, and so have the next five */
	month = (5 * day + 2) / 153;
	date.day = day - (153 * month + 2) / 5 + 1;
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = cycle * 400 + year + (date.month <= 2);
	return date;
}

size_t
tc_text_write_timestamp(char *text, int64_t seconds, uint32_t nanoseconds)
{
	int second = (int) (seconds % SECONDS_PER_DAY);
	Date date = date_of(seconds / SECONDS_PER_DAY - (second < 0));
	/* more or less than four digits need a sign */
	const char *year = date.year < 0 || date.year > 9999 ? "%+05lld" : "%04lld";
	size_t length;

	second += second < 0 ? SECONDS_PER_DAY : 0;
	length = snprintf(text, TC_TIMESTAMP_BYTES, year, (long long) date.year);
	length += snprintf(text + length, TC_TIMESTAMP_BYTES - length,
					   "-%02d-%02dT%02d:%02d:%02d", date.month, date.day,
					   second / 3600, second / 60 % 60, second % 60);
	if (nanoseconds > 0)
	{
		length += snprintf(text + length, TC_TIMESTAMP_BYTES - length, ".%09u",
						   (unsigned) nanoseconds);
		while (text[length - 1] == '0')
			length--;
	}
	text[length++] = 'Z';
	return length;
}
