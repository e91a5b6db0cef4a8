/*-------------------------------------------------------------------------
 *
 * msgpack_tape.c
 *	  Checks a MessagePack message, and notes where its maps are.
 *
 * The message is taken to be hostile.  No item is read beyond the end.  An
 * array or map is believed only if every element it still owes, together
 * with those that the ones around it owe, can have at least one byte of what
 * is left; so memory is in proportion to the message, whatever the lengths
 * in it say.  Recursion is bounded by the depth allowed and by the stack.
 *
 * Structure: scan_value checks one item and, for arrays and maps, calls
 * itself for the children; sizes are added up on the way.
 *
 * Concurrency: none; all state is the caller's.
 *
 * Failure: the first problem ends the scan and is described with its
 * position.  Memory is released by tc_tape_release.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "msgpack/jsonb_form.h"
#include "msgpack/msgpack_number.h"
#include "msgpack/msgpack_problem.h"
#include "msgpack/msgpack_tape.h"
#include "msgpack/msgpack_text.h"

/* jsonb takes eight bytes for each entry of a tape, so more are too many. */
#define TAPE_MAX_ENTRIES (TC_FORM_LENGTH_MASK / 8)

/* From here on, sorting is worth a call. */
#define LARGE_MAP 24

/* An entry word, and padding before the data. */
#define ENTRY_BYTES		   4
#define PADDED_ENTRY_BYTES (ENTRY_BYTES + 3)

#define NANOSECONDS_PER_SECOND 1000000000

/* An object with two keys of four bytes, a number and a string. */
#define UNKNOWN_EXT_BYTES \
	(PADDED_ENTRY_BYTES + 4 + 4 * ENTRY_BYTES + 8 + 3 + TC_NUMERIC_MAX_BYTES)

typedef struct Scan
{
	TcItemReader reader;
	const TcMsgpackInput *input;
	TcTape *tape;
	uint64_t owed; /* items that open arrays and maps await */
	TcMsgpackOutcome outcome;
	TcMsgpackProblem *problem;
} Scan;

static bool scan_other(Scan *scan, const uint8_t *where, const TcItem *item,
					   int depth);

/* -----------------------------------------------------------------------
 * Problems
 * -----------------------------------------------------------------------
 */

/* A problem has been noted. */
static TC_COLD bool
refused(Scan *scan)
{
	scan->outcome = TC_MSGPACK_INVALID;
	return false;
}

/* Note what was found in place of what was expected; returns false. */
#define refuse(scan, where, ...)                                      \
	(tc_problem_note((scan)->problem, (where) - (scan)->reader.start, \
					 __VA_ARGS__),                                    \
	 refused(scan))

static TC_COLD bool
refuse_item(Scan *scan, const uint8_t *where, const TcItem *item)
{
	tc_problem_item(scan->problem, &scan->reader, where, item);
	return refused(scan);
}

static TC_COLD bool
refuse_text(Scan *scan, const uint8_t *where)
{
	tc_problem_text(scan->problem, &scan->reader, where);
	return refused(scan);
}

/* More than jsonb can hold. */
static TC_COLD bool
refuse_size(Scan *scan)
{
	scan->outcome = TC_MSGPACK_TOO_LARGE;
	return false;
}

/* -----------------------------------------------------------------------
 * The tape
 * -----------------------------------------------------------------------
 */

/* Make room for so many more entries. */
static bool
tape_reserve(Scan *scan, size_t count)
{
	TcTape *tape = scan->tape;
	size_t room = tape->room;
	TcTapeEntry *entries = tape->entries;

	if (count <= room - tape->used)
		return true;
	if (count > TAPE_MAX_ENTRIES - tape->used)
		return refuse_size(scan);
	room = 2 * room > tape->used + count ? 2 * room : tape->used + count;
	if (room > TAPE_MAX_ENTRIES)
		room = TAPE_MAX_ENTRIES;
	if (entries == tape->local)
	{
		entries = tc_msgpack_allocate(room * sizeof(*entries));
		memcpy(entries, tape->local, tape->used * sizeof(*entries));
	}
	else
		entries = tc_msgpack_resize(entries, room * sizeof(*entries));
	tape->entries = entries;
	tape->room = room;
	return true;
}

void
tc_tape_release(TcTape *tape)
{
	if (tape->entries != tape->local)
		tc_msgpack_free(tape->entries);
}

/* jsonb's order of keys.  Most differ in length or in the first byte. */
static inline int
compare_keys(const TcTapeEntry *a, const TcTapeEntry *b)
{
	uint32_t length = a->pair.key_length;

	if (length != b->pair.key_length)
		return length < b->pair.key_length ? -1 : 1;
	if (length > 0 && a->pair.key[0] != b->pair.key[0])
		return a->pair.key[0] < b->pair.key[0] ? -1 : 1;
	return memcmp(a->pair.key, b->pair.key, length);
}

/* Of equal keys, the later one in the message comes later. */
static int
compare_pairs(const void *a, const void *b)
{
	const TcTapeEntry *left = a;
	const TcTapeEntry *right = b;
	int order = compare_keys(left, right);

	if (order == 0)
		order = left->pair.key < right->pair.key ? -1 : 1;
	return order;
}

static void
sort_pairs(TcTapeEntry *pairs, size_t count)
{
	if (count >= LARGE_MAP)
	{
		qsort(pairs, count, sizeof(*pairs), compare_pairs);
		return;
	}
	for (size_t i = 1; i < count; i++)
	{
		TcTapeEntry pair = pairs[i];
		size_t at = i;

		for (; at > 0 && compare_pairs(&pairs[at - 1], &pair) > 0; at--)
			pairs[at] = pairs[at - 1];
		pairs[at] = pair;
	}
}

/* Keep the last of equal keys; returns how many are left. */
static size_t
drop_duplicates(TcTapeEntry *pairs, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
	{
		if (i + 1 < count && compare_keys(&pairs[i], &pairs[i + 1]) == 0)
			continue;
		pairs[kept++] = pairs[i];
	}
	return kept;
}

/* -----------------------------------------------------------------------
 * Items
 * -----------------------------------------------------------------------
 */

static inline bool
scan_str(Scan *scan, const TcItem *item)
{
	size_t valid;

	scan->tape->bound += ENTRY_BYTES + item->value;
	if (scan->input->any_text)
		valid = tc_msgpack_text_length(scan->input, item);
	else
		valid = tc_text_valid_length(item->payload, item->value);
	return valid == item->value || refuse_text(scan, item->payload + valid);
}

/* Floats of either width: exponents of ones alone are no numbers. */
static bool
scan_float(Scan *scan, const uint8_t *where, const TcItem *item)
{
	bool finite;

	if (item->kind == TC_ITEM_FLOAT)
		finite = (item->value & 0x7f800000) != 0x7f800000;
	else
		finite = (item->value & UINT64_C(0x7ff0000000000000)) !=
			UINT64_C(0x7ff0000000000000);
	scan->tape->bound += PADDED_ENTRY_BYTES + TC_NUMERIC_MAX_BYTES;
	if (finite)
		return true;
	return refuse(scan, where, "NaN or infinity, of which jsonb has none",
				  "a finite number");
}

bool
tc_tape_read_timestamp(const TcItem *item, int64_t *seconds,
					   uint32_t *nanoseconds)
{
	uint64_t both;

	switch (item->value)
	{
		case 4:
			*seconds = tc_item_number(item->payload, 4);
			*nanoseconds = 0;
			return true;
		case 8:
			both = tc_item_number(item->payload, 8);
			*seconds = both & ((UINT64_C(1) << 34) - 1);
			*nanoseconds = both >> 34;
			break;
		case 12:
			*nanoseconds = tc_item_number(item->payload, 4);
			*seconds = (int64_t) tc_item_number(item->payload + 4, 8);
			break;
		default:
			return false;
	}
	return true;
}

/* May this value have a level of its own? */
static inline bool
scan_depth(Scan *scan, const uint8_t *where, int depth)
{
	return depth < scan->input->max_depth ||
		refuse(scan, where, "one more", "at most %d levels of nesting",
			   scan->input->max_depth);
}

static bool
scan_timestamp(Scan *scan, const uint8_t *where, const TcItem *item)
{
	int64_t seconds;
	uint32_t nanoseconds;

	scan->tape->bound += ENTRY_BYTES + TC_TIMESTAMP_BYTES;
	if (!tc_tape_read_timestamp(item, &seconds, &nanoseconds))
		return refuse(scan, where, "one of another length",
					  "a timestamp of 4, 8 or 12 bytes");
	if (nanoseconds >= NANOSECONDS_PER_SECOND)
		return refuse(scan, where, "more of them",
					  "a timestamp with nanoseconds of one second");
	return true;
}

static bool
scan_ext(Scan *scan, const uint8_t *where, const TcItem *item, int depth)
{
	switch (item->ext_type)
	{
		case TC_EXT_DECIMAL:
			scan->tape->bound +=
				PADDED_ENTRY_BYTES + TC_NUMERIC_TEXT_MAX_BYTES(item->value);
			return tc_number_text_valid((const char *) item->payload,
										item->value) ||
				refuse(scan, item->payload, "something else",
					   "the text of a decimal number");
		case TC_EXT_TIMESTAMP:
			return scan_timestamp(scan, where, item);
		case TC_EXT_NULL:
			scan->tape->bound += ENTRY_BYTES;
			return tc_ext_is_null(item) ||
				refuse(scan, item->payload, "something else",
					   "the text of JSON's null");
		default:
			/* becomes an object */
			scan->tape->bound +=
				UNKNOWN_EXT_BYTES + TC_BASE64_BYTES(item->value);
			return scan_depth(scan, where, depth);
	}
}

/* May this be an array or map with so many items? */
static bool
scan_head(Scan *scan, const uint8_t *where, const TcItem *item, int depth)
{
	uint64_t items = item->kind == TC_ITEM_MAP ? 2 * item->value : item->value;
	size_t left = scan->reader.end - scan->reader.at;

	if (!scan_depth(scan, where, depth))
		return false;
	if (items + scan->owed > left)
	{
		tc_problem_head(scan->problem, &scan->reader, items + scan->owed);
		return refused(scan);
	}
	scan->owed += items;
	scan->tape->bound += PADDED_ENTRY_BYTES + 4;
	return true;
}

/*
 * Check one value, which is inside so many arrays and maps.  Most are
 * strings.
 */
static inline bool
scan_value(Scan *scan, int depth)
{
	const uint8_t *where = scan->reader.at;
	TcItem item;

	tc_item_read(&scan->reader, &item);
	if (item.kind == TC_ITEM_STR)
		return scan_str(scan, &item);
	return scan_other(scan, where, &item, depth);
}

static bool
scan_array(Scan *scan, const uint8_t *where, const TcItem *item, int depth)
{
	if (!scan_head(scan, where, item, depth))
		return false;
	tc_msgpack_check_stack();
	for (uint64_t i = 0; i < item->value; i++)
	{
		scan->owed--;
		if (!scan_value(scan, depth + 1))
			return false;
	}
	return true;
}

/* Read the key of a pair into its entry. */
static bool
scan_key(Scan *scan, TcTapeEntry *entry)
{
	const uint8_t *where = scan->reader.at;
	TcItem item;

	scan->owed--;
	tc_item_read(&scan->reader, &item);
	if (item.kind >= TC_ITEM_RESERVED)
		return refuse_item(scan, where, &item);
	if (item.kind != TC_ITEM_STR)
	{
		tc_problem_key(scan->problem, &scan->reader, where, &item);
		return refused(scan);
	}
	if (!scan_str(scan, &item))
		return false;
	entry->pair.key = item.payload;
	entry->pair.key_length = (uint32_t) item.value;
	entry->pair.value_at = (uint32_t) (scan->reader.at - scan->reader.start);
	entry->pair.first = (uint32_t) scan->tape->used;
	return true;
}

/* The pairs of a map, into entries that are there already. */
static bool
scan_pairs(Scan *scan, size_t first, size_t count, int depth, bool *sorted)
{
	*sorted = true;
	for (size_t i = first; i < first + count; i++)
	{
		/* the tape may move with each value */
		if (!scan_key(scan, &scan->tape->entries[i]))
			return false;
		if (i > first &&
			compare_keys(&scan->tape->entries[i - 1],
						 &scan->tape->entries[i]) >= 0)
			*sorted = false;
		scan->owed--;
		if (!scan_value(scan, depth + 1))
			return false;
	}
	return true;
}

static bool
scan_map(Scan *scan, const uint8_t *where, const TcItem *item, int depth)
{
	TcTape *tape = scan->tape;
	size_t count = item->value;
	size_t map = tape->used;
	TcTapeEntry *entries;
	bool sorted;

	if (!scan_head(scan, where, item, depth))
		return false;
	if (count == 0)
		return true;
	if (!tape_reserve(scan, count + 1))
		return false;
	tape->used += count + 1;
	tc_msgpack_check_stack();
	if (!scan_pairs(scan, map + 1, count, depth, &sorted))
		return false;
	entries = tape->entries + map;
	if (!sorted)
	{
		sort_pairs(entries + 1, count);
		count = drop_duplicates(entries + 1, count);
	}
	entries->map.pairs = (uint32_t) count;
	entries->map.end_at = (uint32_t) (scan->reader.at - scan->reader.start);
	entries->map.next = (uint32_t) tape->used;
	return true;
}

/* Check any item that has been read. */
static bool
scan_other(Scan *scan, const uint8_t *where, const TcItem *item, int depth)
{
	switch (item->kind)
	{
		case TC_ITEM_NIL:
		case TC_ITEM_FALSE:
		case TC_ITEM_TRUE:
			scan->tape->bound += ENTRY_BYTES;
			return true;
		case TC_ITEM_UNSIGNED:
		case TC_ITEM_NEGATIVE:
			scan->tape->bound += PADDED_ENTRY_BYTES +
				(item->value < 10000 ? 8 : TC_NUMERIC_MAX_BYTES);
			return true;
		case TC_ITEM_FLOAT:
		case TC_ITEM_DOUBLE:
			return scan_float(scan, where, item);
		case TC_ITEM_STR:
			return scan_str(scan, item);
		case TC_ITEM_BIN:
			scan->tape->bound += ENTRY_BYTES + TC_BASE64_BYTES(item->value);
			return true;
		case TC_ITEM_EXT:
			return scan_ext(scan, where, item, depth);
		case TC_ITEM_ARRAY:
			return scan_array(scan, where, item, depth);
		case TC_ITEM_MAP:
			return scan_map(scan, where, item, depth);
		case TC_ITEM_RESERVED:
		case TC_ITEM_TRUNCATED:
			break;
	}
	return refuse_item(scan, where, item);
}

size_t
tc_msgpack_text_length(const TcMsgpackInput *input, const TcItem *item)
{
	const uint8_t *nul;

	if (!input->any_text)
		return tc_text_valid_length(item->payload, item->value);
	if (item->value == 0)
		return 0;
	nul = memchr(item->payload, 0, item->value);
	return nul == NULL ? item->value : (size_t) (nul - item->payload);
}

TcMsgpackOutcome
tc_tape_make(TcTape *tape, const TcMsgpackInput *input,
			 TcMsgpackProblem *problem)
{
	Scan scan = {.input = input, .tape = tape, .problem = problem};

	tape->entries = tape->local;
	tape->used = 0;
	tape->room = TC_TAPE_LOCAL;
	/* a scalar gets a container of its own */
	tape->bound = TC_FORM_VARHDR + 4 + PADDED_ENTRY_BYTES;
	if (input->length > UINT32_MAX)
		return TC_MSGPACK_TOO_LARGE;
	scan.reader = tc_msgpack_reader(input);
	if (scan_value(&scan, input->depth) && scan.reader.at < scan.reader.end)
	{
		tc_problem_end(problem, &scan.reader);
		refused(&scan);
	}
	return scan.outcome;
}
