/*-------------------------------------------------------------------------
 *
 * peer_wire.h
 *	  The connection of the client for redis-server and memcached.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PEER_WIRE_H
#define PEER_WIRE_H

#include <stddef.h>

/* A line of an answer without its value, and a request likewise. */
#define LINE_BYTES 512

/* Ends the program with a message. */
extern void fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* Connects; ends the program with status 2 when nobody listens. */
extern void wire_enter(const char *path);

/* What is sent waits until an answer is read, or there is much of it. */
extern void send_bytes(const char *data, size_t bytes);
extern void send_text(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The next line of an answer, without its end; until the next call. */
extern const char *hear_line(void);

extern void skip_bytes(size_t bytes);
extern void expect_line(const char *expected);

#endif
