/*
 * msgpack_tape.h
 *	  What checking a MessagePack message finds out, for writing it as jsonb.
 *
 * jsonb has all keys of an object before the first value, sorted; MessagePack
 * has them in any order, each before its value.  So the message is read
 * twice.  The first pass checks everything and leaves a tape: for each map
 * that is not empty, in the order of the message, an entry for the map and
 * one for each of its pairs, sorted, without duplicates.  The second pass
 * goes by the tape, and cannot fail but for jsonb's limits.
 */
#ifndef TC_MSGPACK_TAPE_H
#define TC_MSGPACK_TAPE_H

#include <string.h>

#include "msgpack/msgpack_core.h"
#include "msgpack/msgpack_item.h"

typedef union TcTapeEntry
{
	struct
	{
		uint32_t pairs;	 /* that are left, without duplicates */
		uint32_t end_at; /* where the map ends in the message */
		uint32_t next;	 /* entry of the first map behind it */
	} map;
	struct
	{
		const uint8_t *key;
		uint32_t key_length;
		uint32_t value_at; /* where the value begins in the message */
		uint32_t first;	   /* entry of the first map within it */
	} pair;
} TcTapeEntry;

/* Small messages need no memory for their tape. */
#define TC_TAPE_LOCAL 48

typedef struct TcTape
{
	TcTapeEntry *entries; /* local, or allocated */
	size_t used;
	size_t room;
	uint64_t bound; /* the jsonb is no longer than this */
	TcTapeEntry local[TC_TAPE_LOCAL];
} TcTape;

/*
 * Check a whole message and make its tape, which the caller releases,
 * whatever the outcome.
 */
extern TcMsgpackOutcome tc_tape_make(TcTape *tape, const TcMsgpackInput *input,
									 TcMsgpackProblem *problem);
extern void tc_tape_release(TcTape *tape);

/*
 * Write a message as jsonb.  There is room for the tape's bound; *size is
 * what it took.  False if it is too large for jsonb after all.
 */
extern bool tc_tape_write(const TcTape *tape, const TcMsgpackInput *input,
						  char *jsonb, size_t *size);

/* A reader that stands at the beginning of the input's value. */
static inline TcItemReader
tc_msgpack_reader(const TcMsgpackInput *input)
{
	const uint8_t *data = (const uint8_t *) input->data;
	TcItemReader reader = {data, data + input->begin, data + input->length};

	return reader;
}

/* How many bytes of a str are text?  All, or up to the first that is not. */
extern size_t tc_msgpack_text_length(const TcMsgpackInput *input,
									 const TcItem *item);

/* Is this extension, by its payload, JSON's null? */
static inline bool
tc_ext_is_null(const TcItem *item)
{
	return item->value == TC_EXT_NULL_BYTES &&
		memcmp(item->payload, TC_EXT_NULL_TEXT, TC_EXT_NULL_BYTES) == 0;
}

/* A timestamp's parts, if the extension's payload is one. */
extern bool tc_tape_read_timestamp(const TcItem *item, int64_t *seconds,
								   uint32_t *nanoseconds);

#endif /* TC_MSGPACK_TAPE_H */
