/*-------------------------------------------------------------------------
 *
 * fuzz_decode.c
 *	  Fuzz target: any bytes into the decoder.
 *
 * Whatever it is given, the decoder must stay within it, and what it accepts
 * must come out as well-formed jsonb and be MessagePack in the eyes of
 * msgpack-c too, from the first byte to the last.
 *
 * Structure: one function, called by the fuzzer.
 *
 * Concurrency: none.
 *
 * Failure: abort.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include <msgpack.h>

#include "host.h"

/* The older msgpack-c gives up at its own depth and says it has no memory. */
static void
check_with_library(const uint8_t *data, size_t size)
{
	msgpack_unpacked result;
	msgpack_unpack_return outcome;
	size_t offset = 0;

	msgpack_unpacked_init(&result);
	outcome = msgpack_unpack_next(&result, (const char *) data, size, &offset);
	must(outcome == MSGPACK_UNPACK_SUCCESS ||
		 outcome == MSGPACK_UNPACK_NOMEM_ERROR);
	must(outcome != MSGPACK_UNPACK_SUCCESS || offset == size);
	msgpack_unpacked_destroy(&result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length;
	char *jsonb = host_decode(data, size, &length);

	if (jsonb)
	{
		host_check_jsonb(jsonb, length);
		check_with_library(data, size);
		free(jsonb);
	}
	return 0;
}
