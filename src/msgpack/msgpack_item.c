/*-------------------------------------------------------------------------
 *
 * msgpack_item.c
 *	  The lead bytes of MessagePack that are not explained by themselves.
 *
 * Structure: a table for the lead bytes from 0xc0 to 0xdf, for which
 * the reader calls here; the others carry their number within.
 *
 * Concurrency: none; there is no state.
 *
 * Failure: none.
 *
 *-------------------------------------------------------------------------
 */
#include "msgpack/msgpack_item.h"

/* What a lead byte stands for. */
typedef struct ItemForm
{
	uint8_t kind;
	uint8_t width; /* bytes of the number that follows */
	uint8_t fixed; /* payload of so many bytes, if not 0 */
	uint8_t is_signed;
} ItemForm;

static const ItemForm forms[32] = {
	[0x00] = {.kind = TC_ITEM_NIL},
	[0x01] = {.kind = TC_ITEM_RESERVED},
	[0x02] = {.kind = TC_ITEM_FALSE},
	[0x03] = {.kind = TC_ITEM_TRUE},
	[0x04] = {.kind = TC_ITEM_BIN, .width = 1},
	[0x05] = {.kind = TC_ITEM_BIN, .width = 2},
	[0x06] = {.kind = TC_ITEM_BIN, .width = 4},
	[0x07] = {.kind = TC_ITEM_EXT, .width = 1},
	[0x08] = {.kind = TC_ITEM_EXT, .width = 2},
	[0x09] = {.kind = TC_ITEM_EXT, .width = 4},
	[0x0a] = {.kind = TC_ITEM_FLOAT, .width = 4},
	[0x0b] = {.kind = TC_ITEM_DOUBLE, .width = 8},
	[0x0c] = {.kind = TC_ITEM_UNSIGNED, .width = 1},
	[0x0d] = {.kind = TC_ITEM_UNSIGNED, .width = 2},
	[0x0e] = {.kind = TC_ITEM_UNSIGNED, .width = 4},
	[0x0f] = {.kind = TC_ITEM_UNSIGNED, .width = 8},
	[0x10] = {.kind = TC_ITEM_UNSIGNED, .width = 1, .is_signed = 1},
	[0x11] = {.kind = TC_ITEM_UNSIGNED, .width = 2, .is_signed = 1},
	[0x12] = {.kind = TC_ITEM_UNSIGNED, .width = 4, .is_signed = 1},
	[0x13] = {.kind = TC_ITEM_UNSIGNED, .width = 8, .is_signed = 1},
	[0x14] = {.kind = TC_ITEM_EXT, .fixed = 1},
	[0x15] = {.kind = TC_ITEM_EXT, .fixed = 2},
	[0x16] = {.kind = TC_ITEM_EXT, .fixed = 4},
	[0x17] = {.kind = TC_ITEM_EXT, .fixed = 8},
	[0x18] = {.kind = TC_ITEM_EXT, .fixed = 16},
	[0x19] = {.kind = TC_ITEM_STR, .width = 1},
	[0x1a] = {.kind = TC_ITEM_STR, .width = 2},
	[0x1b] = {.kind = TC_ITEM_STR, .width = 4},
	[0x1c] = {.kind = TC_ITEM_ARRAY, .width = 2},
	[0x1d] = {.kind = TC_ITEM_ARRAY, .width = 4},
	[0x1e] = {.kind = TC_ITEM_MAP, .width = 2},
	[0x1f] = {.kind = TC_ITEM_MAP, .width = 4},
};

uint64_t
tc_item_number(const uint8_t *from, int width)
{
	uint64_t number = 0;

	while (width-- > 0)
		number = number << 8 | *from++;
	return number;
}

/* Two's complement to sign and magnitude. */
static void
read_sign(TcItem *item, int width)
{
	int unused = 64 - 8 * width;
	int64_t number = (int64_t) (item->value << unused) >> unused;

	item->kind = number < 0 ? TC_ITEM_NEGATIVE : TC_ITEM_UNSIGNED;
	item->value = number < 0 ? -(uint64_t) number : (uint64_t) number;
}

void
tc_item_read_form(TcItemReader *reader, uint8_t lead, TcItem *item)
{
	const ItemForm *form = &forms[lead - 0xc0];
	size_t left = reader->end - reader->at;
	size_t head = form->width + (form->kind == TC_ITEM_EXT);

	if (head > left)
	{
		tc_item_truncated(item, head - left);
		return;
	}
	item->kind = form->kind;
	item->value = tc_item_number(reader->at, form->width);
	if (form->kind == TC_ITEM_EXT)
		item->ext_type = (int8_t) reader->at[form->width];
	reader->at += head;
	if (form->is_signed)
		read_sign(item, form->width);
	else if (form->kind >= TC_ITEM_STR && form->kind <= TC_ITEM_EXT)
	{
		if (form->fixed)
			item->value = form->fixed;
		tc_item_read_payload(reader, item);
	}
}

const char *
tc_item_kind_name(TcItemKind kind)
{
	switch (kind)
	{
		case TC_ITEM_NIL:
			return "nil";
		case TC_ITEM_FALSE:
		case TC_ITEM_TRUE:
			return "a boolean";
		case TC_ITEM_UNSIGNED:
		case TC_ITEM_NEGATIVE:
			return "an integer";
		case TC_ITEM_FLOAT:
		case TC_ITEM_DOUBLE:
			return "a float";
		case TC_ITEM_STR:
			return "a string";
		case TC_ITEM_BIN:
			return "a byte string";
		case TC_ITEM_EXT:
			return "an extension";
		case TC_ITEM_ARRAY:
			return "an array";
		case TC_ITEM_MAP:
			return "a map";
		case TC_ITEM_RESERVED:
			return "the reserved byte 0xc1";
		case TC_ITEM_TRUNCATED:
			return "the end of the data";
	}
	return "nothing known";
}
