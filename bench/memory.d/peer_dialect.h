/*-------------------------------------------------------------------------
 *
 * peer_dialect.h
 *	  How redis-server and memcached are spoken to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PEER_DIALECT_H
#define PEER_DIALECT_H

#include <stdbool.h>

#include "peer_wire.h"

/* Largest object. */
#define MOST_BYTES (1024 * 1024)

typedef struct Object
{
	char key[LINE_BYTES / 2];
	int key_bytes;
	int value_bytes;
} Object;

/*
 * Functions that write a request, and read its answer.  Many requests may be
 * written before the first answer is read.
 */
typedef struct Dialect
{
	const char *name;
	void (*ask_ping)(void);
	void (*ask_get)(const Object *object);
	bool (*hear_get)(void);
	void (*ask_set)(const Object *object);
	void (*hear_set)(void);
	void (*ask_exists)(const Object *object);
	bool (*hear_exists)(void);
	/* many objects in one request; hears how many there are */
	void (*ask_many)(const Object *objects, int n);
	int (*hear_many)(void);
	const char *statistics; /* what to send for them, */
	const char *last_line;	/* how their last line begins, */
	const char *memory;		/* and what tells how many bytes are used */
} Dialect;

/* The dialect of that name, or NULL. */
extern const Dialect *find_dialect(const char *name);

#endif
