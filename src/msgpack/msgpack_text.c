/*-------------------------------------------------------------------------
 *
 * msgpack_text.c
 *	  The text that MessagePack's values have in jsonb and as input of types.
 *
 * Structure: one function for each kind of text, on top of PostgreSQL's.
 *
 * Failure: extensions that are not what they say are errors with a position.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "common/jsonapi.h"
#include "common/shortest_dec.h"
#include "datatype/timestamp.h"
#include "utils/datetime.h"
#include "utils/jsonb.h"

#include "msgpack/msgpack_text.h"

/* What numeric can hold on either side of the point. */
#define DECIMAL_MAX_WHOLE  131072
#define DECIMAL_MAX_PLACES 16383

/* The calendar repeats after 400 years. */
#define YEARS_PER_CYCLE 400
#define DAYS_PER_CYCLE	146097

#define NANOSECONDS_PER_SECOND 1000000000

char *
tc_msgpack_text_of_str(const TcMsgpackToken *token)
{
	char *text;

	if (tc_msgpack_text_converts())
	{
		text = pg_any_to_server(token->payload, (int) token->length, PG_UTF8);
		if (text != token->payload)
			return text;
	}
	return pnstrdup(token->payload, token->length);
}

/* Is this a number as JSON writes it, without exponent, that numeric has? */
static bool
is_decimal(const char *text, size_t length)
{
	const char *point = memchr(text, '.', length);
	size_t whole = point ? point - text : length;

	return IsValidJsonNumber(text, (int) length) &&
		memchr(text, 'e', length) == NULL &&
		memchr(text, 'E', length) == NULL &&
		whole - (*text == '-') <= DECIMAL_MAX_WHOLE &&
		length - whole <= DECIMAL_MAX_PLACES + 1;
}

char *
tc_msgpack_text_of_number(const TcMsgpackToken *token)
{
	char *text;

	switch (token->kind)
	{
		case TC_KIND_UNSIGNED:
			return psprintf(UINT64_FORMAT, token->as.number);
		case TC_KIND_NEGATIVE:
			return psprintf(INT64_FORMAT, token->as.negative);
		case TC_KIND_FLOAT:
			text = palloc(FLOAT_SHORTEST_DECIMAL_LEN);
			float_to_shortest_decimal_buf((float) token->as.real, text);
			return text;
		case TC_KIND_DOUBLE:
			text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
			double_to_shortest_decimal_buf(token->as.real, text);
			return text;
		default:
			if (!is_decimal(token->payload, token->length))
				tc_msgpack_token_refuse(token->end - token->length,
										"something else",
										"the text of a decimal number");
			return pnstrdup(token->payload, token->length);
	}
}

/* A number of so many bytes, most significant first. */
static uint64
read_bytes(const char *bytes, int count)
{
	uint64 number = 0;

	while (count-- > 0)
		number = number << 8 | (uint8) *bytes++;
	return number;
}

/* Seconds since 1970, and nanoseconds. */
static void
read_timestamp(const TcMsgpackToken *token, int64 *seconds, uint32 *nanoseconds)
{
	uint64 both;

	switch (token->length)
	{
		case 4:
			*seconds = (int64) read_bytes(token->payload, 4);
			*nanoseconds = 0;
			break;
		case 8:
			both = read_bytes(token->payload, 8);
			*seconds = (int64) (both & ((UINT64CONST(1) << 34) - 1));
			*nanoseconds = (uint32) (both >> 34);
			break;
		case 12:
			*nanoseconds = (uint32) read_bytes(token->payload, 4);
			*seconds = (int64) read_bytes(token->payload + 4, 8);
			break;
		default:
			tc_msgpack_token_refuse(token->begin, "one of another length",
									"a timestamp of 4, 8 or 12 bytes");
	}
	if (*nanoseconds >= NANOSECONDS_PER_SECOND)
		tc_msgpack_token_refuse(token->begin, "more of them",
								"a timestamp with nanoseconds of one second");
}

/* Of any year: j2date() gets it without its cycles. */
char *
tc_msgpack_text_of_timestamp(const TcMsgpackToken *token)
{
	int64 seconds;
	uint32 nanoseconds;
	int64 days;
	int64 cycles;
	int64 long_year;
	int second;
	int year;
	int month;
	int day;
	StringInfoData text;

	read_timestamp(token, &seconds, &nanoseconds);
	second = (int) (seconds % SECS_PER_DAY);
	days = seconds / SECS_PER_DAY - (second < 0);
	second += second < 0 ? SECS_PER_DAY : 0;
	cycles = days / DAYS_PER_CYCLE;
	j2date(UNIX_EPOCH_JDATE + (int) (days % DAYS_PER_CYCLE), &year, &month,
		   &day);
	long_year = year + cycles * YEARS_PER_CYCLE;

	initStringInfo(&text);
	/* more or less than four digits need a sign */
	appendStringInfo(&text,
					 long_year < 0 || long_year > 9999 ? "%+05lld" : "%04lld",
					 (long long) long_year);
	appendStringInfo(&text, "-%02d-%02dT%02d:%02d:%02d", month, day,
					 second / SECS_PER_HOUR, second / SECS_PER_MINUTE % 60,
					 second % SECS_PER_MINUTE);
	if (nanoseconds > 0)
	{
		appendStringInfo(&text, ".%09u", nanoseconds);
		while (text.data[text.len - 1] == '0')
			text.len--;
	}
	appendStringInfoChar(&text, 'Z');
	return text.data;
}

char *
tc_msgpack_text_in_base64(const TcMsgpackToken *token, int *length)
{
	const void *bytes = token->payload;
	int room;
	char *text;

	/* no string of jsonb is longer */
	if (token->length > JENTRY_OFFLENMASK / 4 * 3)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("MessagePack data is too large for jsonb")));
	room = pg_b64_enc_len((int) token->length);
	text = palloc(room + 1);
	*length = pg_b64_encode(bytes, (int) token->length, text, room);
	return text;
}
