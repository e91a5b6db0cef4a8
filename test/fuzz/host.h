/*
 * host.h
 *	  What the fuzz targets share: a home for the codec without a server.
 */
#ifndef TC_FUZZ_HOST_H
#define TC_FUZZ_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msgpack/msgpack_core.h"

/* Depth that the targets decode and encode with. */
#define FUZZ_DEPTH 256

/* Called by the fuzzer, or by the driver that stands in for one. */
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Say what should have been true, and abort. */
#define must(condition)                                \
	do                                                 \
	{                                                  \
		if (!(condition))                              \
			host_fail(#condition, __FILE__, __LINE__); \
	} while (0)
extern void host_fail(const char *condition, const char *file, int line)
	__attribute__((noreturn));

/*
 * Decode; NULL if the input is refused, and then the problem is checked to be
 * within the input.
 */
extern char *host_decode(const uint8_t *data, size_t size, size_t *length);

/* Is this a jsonb as the server would have made it?  Aborts if not. */
extern void host_check_jsonb(const char *jsonb, size_t length);

#endif /* TC_FUZZ_HOST_H */
