/*-------------------------------------------------------------------------
 *
 * msgpack_walk.c
 *	  Walks over a MessagePack map, value by value, without decoding.
 *
 * The message is taken to be hostile.  No item is read beyond the end; an
 * array or map is believed only if what it owes can have a byte each of what
 * is left.  Values are skipped by counting the items that are still to come:
 * no depth of nesting takes stack or memory.
 *
 * Structure: one function for each part of the map.
 *
 * Concurrency: none; all state is the caller's.
 *
 * Failure: the first problem is noted with its position in the message.
 *
 *-------------------------------------------------------------------------
 */
#include "msgpack/msgpack_problem.h"
#include "msgpack/msgpack_tape.h"
#include "msgpack/msgpack_walk.h"

void
tc_walk_begin(TcWalk *walk, const TcMsgpackInput *input,
			  TcMsgpackProblem *problem)
{
	walk->input = input;
	walk->reader = tc_msgpack_reader(input);
	walk->problem = problem;
}

/* Read an item, which must be one. */
static bool
read_item(TcWalk *walk, TcWalkValue *value)
{
	const uint8_t *where = walk->reader.at;
	size_t text;

	value->begin = where - walk->reader.start;
	tc_item_read(&walk->reader, &value->item);
	if (value->item.kind >= TC_ITEM_RESERVED)
	{
		tc_problem_item(walk->problem, &walk->reader, where, &value->item);
		return false;
	}
	value->end = walk->reader.at - walk->reader.start;
	if (value->item.kind != TC_ITEM_STR)
		return true;
	text = tc_msgpack_text_length(walk->input, &value->item);
	if (text < value->item.value)
		tc_problem_text(walk->problem, &walk->reader,
						value->item.payload + text);
	return text == value->item.value;
}

/* The items that an item promises, which there may be. */
static bool
promised_items(TcWalk *walk, const TcItem *item, uint64_t *owed)
{
	if (item->kind == TC_ITEM_MAP)
		*owed += 2 * item->value;
	else if (item->kind == TC_ITEM_ARRAY)
		*owed += item->value;
	if (*owed <= (size_t) (walk->reader.end - walk->reader.at))
		return true;
	tc_problem_head(walk->problem, &walk->reader, *owed);
	return false;
}

bool
tc_walk_map(TcWalk *walk, uint64_t *pairs)
{
	const uint8_t *where = walk->reader.at;
	TcWalkValue map;
	uint64_t owed = 0;

	if (!read_item(walk, &map))
		return false;
	if (map.item.kind != TC_ITEM_MAP)
	{
		tc_problem_note(walk->problem, where - walk->reader.start,
						tc_item_kind_name(map.item.kind),
						"a map of column names to values");
		return false;
	}
	*pairs = map.item.value;
	return promised_items(walk, &map.item, &owed);
}

bool
tc_walk_key(TcWalk *walk, TcWalkValue *key)
{
	const uint8_t *where = walk->reader.at;

	if (!read_item(walk, key))
		return false;
	if (key->item.kind != TC_ITEM_STR)
		tc_problem_key(walk->problem, &walk->reader, where, &key->item);
	return key->item.kind == TC_ITEM_STR;
}

bool
tc_walk_value(TcWalk *walk, TcWalkValue *value)
{
	TcWalkValue inner;
	uint64_t owed = 0;

	if (!read_item(walk, value) || !promised_items(walk, &value->item, &owed))
		return false;
	while (owed > 0)
	{
		owed--;
		if (!read_item(walk, &inner) ||
			!promised_items(walk, &inner.item, &owed))
			return false;
	}
	value->end = walk->reader.at - walk->reader.start;
	return true;
}

bool
tc_walk_end(TcWalk *walk)
{
	if (walk->reader.at < walk->reader.end)
		tc_problem_end(walk->problem, &walk->reader);
	return walk->reader.at == walk->reader.end;
}
