/*
 * msgpack_text.h
 *	  Text in and from MessagePack: UTF-8, base64 and points in time.
 *
 * Compiles without the server.
 */
#ifndef TC_MSGPACK_TEXT_H
#define TC_MSGPACK_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * How many bytes from the beginning are text, that is, UTF-8 without NUL?
 * All of them, or the position of the first character that is not.
 */
extern size_t tc_text_valid_length(const uint8_t *text, size_t length);

/* The length of base64 text for so many bytes. */
#define TC_BASE64_BYTES(length) (((length) + 2) / 3 * 4)

/* Write it; returns its length. */
extern size_t tc_text_write_base64(char *text, const uint8_t *data,
								   size_t length);

/* The most bytes of a point in time's text. */
#define TC_TIMESTAMP_BYTES 48

/* Write ISO 8601 in UTC, for seconds since 1970; returns its length. */
extern size_t tc_text_write_timestamp(char *text, int64_t seconds,
									  uint32_t nanoseconds);

#endif /* TC_MSGPACK_TEXT_H */
