/*-------------------------------------------------------------------------
 *
 * fuzz_codec.c
 *	  Fuzzes the MessagePack codec within a server.
 *
 *		fuzz_codec(seeds bytea[], seconds int, seed bigint, row regclass)
 *
 * Gives each seed to the codec, and then, for so many seconds, what random
 * changes make of them and of what else was taken: bytes set and flipped, ends
 * cut off, pieces of one put into another.  Returns how many inputs were tried
 * and how many of them taken.
 *
 * Structure: decoding with its errors caught; what must hold for any input, as
 * a document and as a row; changes and the loop.  The codec's sources are
 * compiled into this module.
 *
 * Failure: an error of class XX000 says what does not hold.  The input is in
 * the file fuzz_codec.input of the data directory, which is mapped, so that it
 * is there after a crash too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include <msgpack.h>

#include "base/pg_compat.h"
#include "msgpack/msgpack_decode.h"
#include "msgpack/msgpack_encode.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(fuzz_codec);

#define MAX_DEPTH 256
/* Longest input, and how many of them are changed further. */
#define MOST_BYTES	4096
#define MOST_INPUTS 4000
/* Shorter ones are in no want of more. */
#define LEAST_KEPT 12
/* No input leads to more memory than this. */
#define MOST_MEMORY (4 * 1024 * 1024)

typedef struct Input
{
	int length;
	char bytes[MOST_BYTES];
} Input;

/* What became of an input. */
typedef struct Outcome
{
	bool taken;
	Jsonb *jsonb; /* of a document */
	int code;	  /* of an error */
	char *detail;
} Outcome;

typedef struct Fuzz
{
	Input *inputs;
	int count;
	uint64 random;
	TcMsgpackLayout *layout;
	int columns;
	MemoryContext context; /* reset after each input */
	Input *file;		   /* what is tried */
	char *guarded;		   /* memory that nothing can be read behind of */
	int64 tried;
	int64 taken;
} Fuzz;

#define must(condition)                                 \
	do                                                  \
	{                                                   \
		if (!(condition))                               \
			elog(ERROR, "%s", "not true: " #condition); \
	} while (0)

/* -----------------------------------------------------------------------
 * Decoding
 * -----------------------------------------------------------------------
 */

/*
 * A bytea that ends where memory ends.  It is not aligned, and need not be: all
 * that is read of it are bytes.
 */
static bytea *
guarded_bytea(Fuzz *fuzz, const char *bytes, int length)
{
	char *varlena = fuzz->guarded - length - VARHDRSZ;
	uint32 header;

	SET_VARSIZE(&header, length + VARHDRSZ);
	memcpy(varlena, &header, sizeof(header));
	memcpy(varlena + VARHDRSZ, bytes, length);
	return (bytea *) varlena;
}

/* Decode as a row, or without one as a document. */
static Outcome
try_decode(bytea *data, int max_depth, TcMsgpackLayout *layout,
		   TcMsgpackRow *row)
{
	MemoryContext context = CurrentMemoryContext;
	volatile Outcome outcome = {0};

	PG_TRY();
	{
		if (row)
			tc_msgpack_decode_row(layout, data, max_depth, row);
		else
			outcome.jsonb = tc_msgpack_decode_jsonb(data, max_depth);
		outcome.taken = true;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
			ReThrowError(error);
		outcome.code = error->sqlerrcode;
		outcome.detail = error->detail;
	}
	PG_END_TRY();
	return outcome;
}

/* Is this error one that there may be? */
static void
check_error(const Outcome *outcome, int length)
{
	int class = ERRCODE_TO_CATEGORY(outcome->code);
	Size position;

	must(class == ERRCODE_DATA_EXCEPTION ||
		 class == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
		 outcome->code == ERRCODE_UNDEFINED_COLUMN);
	if (outcome->code != ERRCODE_INVALID_BINARY_REPRESENTATION)
		return;
	must(outcome->detail != NULL);
	must(sscanf(outcome->detail, "At byte %zu, expected ", &position) == 1);
	must(position <= length);
	must(strstr(outcome->detail, " but found ") != NULL);
}

/* -----------------------------------------------------------------------
 * Documents
 * -----------------------------------------------------------------------
 */

static bool
same_bytes(const void *a, const void *b)
{
	return VARSIZE_ANY(a) == VARSIZE_ANY(b) &&
		memcmp(a, b, VARSIZE_ANY(a)) == 0;
}

/* The older msgpack-c gives up at its own depth and says it has no memory. */
static void
check_with_library(const char *bytes, int length)
{
	msgpack_unpacked result;
	msgpack_unpack_return outcome;
	size_t offset = 0;

	msgpack_unpacked_init(&result);
	outcome = msgpack_unpack_next(&result, bytes, length, &offset);
	msgpack_unpacked_destroy(&result);
	must(outcome == MSGPACK_UNPACK_SUCCESS ||
		 outcome == MSGPACK_UNPACK_NOMEM_ERROR);
	must(outcome != MSGPACK_UNPACK_SUCCESS || offset == length);
}

/* Is it a jsonb as PostgreSQL would make it of its text? */
static void
check_jsonb(Jsonb *jsonb)
{
	char *text = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));

	must(pg_verifymbstr(text, strlen(text), true));
	must(same_bytes(jsonb,
					DatumGetPointer(
						DirectFunctionCall1(jsonb_in, CStringGetDatum(text)))));
}

/*
 * Its encoding has the length that was measured, decodes to the very same
 * jsonb, and does not when anything is missing at its end.
 */
static void
check_encoding(Fuzz *fuzz, Jsonb *jsonb)
{
	Datum value = JsonbPGetDatum(jsonb);
	bytea *encoded = tc_msgpack_encode(value, JSONBOID, MAX_DEPTH);
	int length = VARSIZE(encoded) - VARHDRSZ;
	int shorter[] = {0, length / 2, length - 1};
	Outcome again;

	must(tc_msgpack_encode_length(value, JSONBOID, MAX_DEPTH) == length);
	again = try_decode(encoded, MAX_DEPTH, NULL, NULL);
	must(again.taken);
	must(same_bytes(again.jsonb, jsonb));
	for (int i = 0; i < lengthof(shorter) && length <= MOST_BYTES; i++)
	{
		again = try_decode(guarded_bytea(fuzz, VARDATA(encoded), shorter[i]),
						   MAX_DEPTH, NULL, NULL);
		must(!again.taken);
		check_error(&again, shorter[i]);
	}
}

/* Decode as a document; what is taken is kept. */
static Outcome
check_document(Fuzz *fuzz, const Input *input)
{
	Outcome outcome =
		try_decode(guarded_bytea(fuzz, input->bytes, input->length), MAX_DEPTH,
				   NULL, NULL);

	if (!outcome.taken)
	{
		must(outcome.code == ERRCODE_INVALID_BINARY_REPRESENTATION);
		check_error(&outcome, input->length);
		return outcome;
	}
	check_with_library(input->bytes, input->length);
	check_jsonb(outcome.jsonb);
	check_encoding(fuzz, outcome.jsonb);
	return outcome;
}

/* -----------------------------------------------------------------------
 * Rows
 * -----------------------------------------------------------------------
 */

/* Decode as a row, whose columns are NULL where nothing is given. */
static Outcome
decode_row(Fuzz *fuzz, bytea *data, int max_depth, TcMsgpackRow *row)
{
	row->relation = "row";
	row->values = palloc0(fuzz->columns * sizeof(Datum));
	row->nulls = palloc(fuzz->columns * sizeof(bool));
	memset(row->nulls, true, fuzz->columns * sizeof(bool));
	return try_decode(data, max_depth, fuzz->layout, row);
}

/* A row is encoded as long as was measured, and comes back as it was. */
static bool
check_row(Fuzz *fuzz, const Input *input)
{
	TcMsgpackRow row;
	TcMsgpackRow again;
	Outcome outcome =
		decode_row(fuzz, guarded_bytea(fuzz, input->bytes, input->length),
				   MAX_DEPTH, &row);
	bytea *encoded;

	if (!outcome.taken)
	{
		check_error(&outcome, input->length);
		return false;
	}
	encoded =
		tc_msgpack_encode_row(fuzz->layout, row.values, row.nulls, MAX_DEPTH);
	must(tc_msgpack_encode_row_length(fuzz->layout, row.values, row.nulls,
									  MAX_DEPTH) ==
		 VARSIZE(encoded) - VARHDRSZ);
	outcome = decode_row(fuzz, encoded, MAX_DEPTH, &again);
	must(outcome.taken);
	must(bms_num_members(again.given) == fuzz->layout->ncolumns);
	must(same_bytes(tc_msgpack_encode_row(fuzz->layout, again.values,
										  again.nulls, MAX_DEPTH),
					encoded));
	return true;
}

/* As the value of a column it is taken where it is as a document. */
static void
check_column(Fuzz *fuzz, const Input *input, const Outcome *document)
{
	static const char head[] = {(char) 0x81, (char) 0xa1, 'a'};
	Input within;
	TcMsgpackRow row;
	Outcome outcome;

	if (input->length + sizeof(head) > MOST_BYTES)
		return;
	memcpy(within.bytes, head, sizeof(head));
	memcpy(within.bytes + sizeof(head), input->bytes, input->length);
	within.length = input->length + sizeof(head);
	outcome = decode_row(fuzz, guarded_bytea(fuzz, within.bytes, within.length),
						 MAX_DEPTH + 1, &row);
	must(outcome.taken == document->taken);
	if (!outcome.taken)
		check_error(&outcome, within.length);
	else if (!row.nulls[0])
		must(same_bytes(DatumGetPointer(row.values[0]), document->jsonb));
}

/* -----------------------------------------------------------------------
 * Inputs
 * -----------------------------------------------------------------------
 */

static int
random_below(Fuzz *fuzz, int end)
{
	fuzz->random ^= fuzz->random << 13;
	fuzz->random ^= fuzz->random >> 7;
	fuzz->random ^= fuzz->random << 17;
	return (int) (fuzz->random % end);
}

/* Put a piece of one input somewhere into another. */
static void
insert_piece(Fuzz *fuzz, Input *into, const Input *from)
{
	int begin = random_below(fuzz, from->length + 1);
	int length = random_below(fuzz, from->length - begin + 1);
	int at = random_below(fuzz, into->length + 1);

	if (into->length + length > MOST_BYTES)
		return;
	memmove(into->bytes + at + length, into->bytes + at, into->length - at);
	memcpy(into->bytes + at, from->bytes + begin, length);
	into->length += length;
}

static void
mutate(Fuzz *fuzz, Input *input)
{
	for (int times = 1 + random_below(fuzz, 4); times > 0; times--)
	{
		int at = input->length ? random_below(fuzz, input->length) : 0;

		switch (input->length ? random_below(fuzz, 4) : 3)
		{
			case 0:
				input->bytes[at] = (char) random_below(fuzz, 256);
				break;
			case 1:
				input->bytes[at] ^= 1 << random_below(fuzz, 8);
				break;
			case 2:
				input->length = random_below(fuzz, input->length + 1);
				break;
			default:
				insert_piece(fuzz, input,
							 &fuzz->inputs[random_below(fuzz, fuzz->count)]);
		}
	}
}

/* What is taken is changed further, in place of another when there are many. */
static void
keep_input(Fuzz *fuzz, const Input *input)
{
	int at = fuzz->count < MOST_INPUTS ? fuzz->count++
									   : random_below(fuzz, MOST_INPUTS);

	memcpy(&fuzz->inputs[at], input, offsetof(Input, bytes) + input->length);
}

static void
try_input(Fuzz *fuzz, const Input *input, bool keep)
{
	MemoryContext old_context = MemoryContextSwitchTo(fuzz->context);
	Outcome document;
	bool taken;

	CHECK_FOR_INTERRUPTS();
	memcpy(fuzz->file, input, offsetof(Input, bytes) + input->length);
	document = check_document(fuzz, input);
	must(MemoryContextMemAllocated(fuzz->context, true) <= MOST_MEMORY);
	check_column(fuzz, input, &document);
	taken = check_row(fuzz, input) || document.taken;
	fuzz->tried++;
	fuzz->taken += taken;
	if (taken && keep && input->length >= LEAST_KEPT)
		keep_input(fuzz, input);
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(fuzz->context);
}

/* -----------------------------------------------------------------------
 * The function
 * -----------------------------------------------------------------------
 */

/* Map the file that tells what is tried, and memory with none behind it. */
static void
map_memory(Fuzz *fuzz)
{
	int size = 4 * MOST_BYTES;
	int file = open("fuzz_codec.input", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *pages;

	must(file >= 0 && ftruncate(file, sizeof(Input)) == 0);
	fuzz->file =
		mmap(NULL, sizeof(Input), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	must(fuzz->file != MAP_FAILED);
	close(file);
	pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pages != MAP_FAILED);
	must(mprotect(pages + size, size, PROT_NONE) == 0);
	fuzz->guarded = pages + size;
}

static void
try_seeds(Fuzz *fuzz, ArrayType *array)
{
	Datum *seeds;
	int count;

	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT, &seeds, NULL,
					  &count);
	must(count > 0 && count < MOST_INPUTS);
	fuzz->inputs = MemoryContextAllocHuge(CurrentMemoryContext,
										  MOST_INPUTS * sizeof(Input));
	for (int i = 0; i < count; i++)
	{
		bytea *seed = DatumGetByteaPP(seeds[i]);
		Input *input = &fuzz->inputs[fuzz->count++];

		input->length = Min(VARSIZE_ANY_EXHDR(seed), MOST_BYTES);
		memcpy(input->bytes, VARDATA_ANY(seed), input->length);
		try_input(fuzz, input, false);
	}
}

Datum
fuzz_codec(PG_FUNCTION_ARGS)
{
	Fuzz fuzz = {.random = 88172645463325252 ^ PG_GETARG_INT64(2)};
	Relation relation = relation_open(PG_GETARG_OID(3), AccessShareLock);
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
												  PG_GETARG_INT32(1) * 1000L);
	Input *input = palloc(sizeof(Input));

	fuzz.columns = RelationGetNumberOfAttributes(relation);
	fuzz.layout = tc_msgpack_layout_create(RelationGetDescr(relation),
										   CurrentMemoryContext);
	fuzz.context = AllocSetContextCreate(CurrentMemoryContext, "fuzz_codec",
										 ALLOCSET_DEFAULT_SIZES);
	map_memory(&fuzz);
	try_seeds(&fuzz, PG_GETARG_ARRAYTYPE_P(0));
	while (GetCurrentTimestamp() < end)
	{
		for (int i = 0; i < 100; i++)
		{
			memcpy(input, &fuzz.inputs[random_below(&fuzz, fuzz.count)],
				   sizeof(Input));
			mutate(&fuzz, input);
			try_input(&fuzz, input, true);
		}
	}
	relation_close(relation, AccessShareLock);
	PG_RETURN_TEXT_P(cstring_to_text(
		psprintf(INT64_FORMAT " inputs, " INT64_FORMAT " of them taken",
				 fuzz.tried, fuzz.taken)));
}
