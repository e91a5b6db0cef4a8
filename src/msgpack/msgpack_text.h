/*
 * msgpack_text.h
 *	  The text that MessagePack's values have in jsonb and as input of types.
 *
 * Private to the codec.  What is returned is terminated, in the database's
 * encoding, and in the current memory context.
 */
#ifndef TC_MSGPACK_TEXT_H
#define TC_MSGPACK_TEXT_H

#include "mb/pg_wchar.h"

#include "msgpack/msgpack_token.h"

/* Is a str in another encoding here than outside? */
static inline bool
tc_msgpack_text_converts(void)
{
	return GetDatabaseEncoding() != PG_UTF8 &&
		GetDatabaseEncoding() != PG_SQL_ASCII;
}

/* A str. */
extern char *tc_msgpack_text_of_str(const TcMsgpackToken *token);

/* A number of any kind, a decimal too. */
extern char *tc_msgpack_text_of_number(const TcMsgpackToken *token);

/* A timestamp: ISO 8601 in UTC. */
extern char *tc_msgpack_text_of_timestamp(const TcMsgpackToken *token);

/* The bytes of a bin or ext in base64, and how many characters that is. */
extern char *tc_msgpack_text_in_base64(const TcMsgpackToken *token,
									   int *length);

#endif /* TC_MSGPACK_TEXT_H */
