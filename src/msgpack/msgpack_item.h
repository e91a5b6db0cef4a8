/*
 * msgpack_item.h
 *	  One MessagePack item at a time: a lead byte, what it counts, what it
 *	  holds.
 *
 * Compiles without the server.  An array or a map is only its head; its
 * children are the items that follow.
 */
#ifndef TC_MSGPACK_ITEM_H
#define TC_MSGPACK_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum TcItemKind
{
	TC_ITEM_NIL,
	TC_ITEM_FALSE,
	TC_ITEM_TRUE,
	TC_ITEM_UNSIGNED,
	TC_ITEM_NEGATIVE,
	TC_ITEM_FLOAT,
	TC_ITEM_DOUBLE,
	TC_ITEM_STR,
	TC_ITEM_BIN,
	TC_ITEM_EXT,
	TC_ITEM_ARRAY,
	TC_ITEM_MAP,
	TC_ITEM_RESERVED, /* the one lead byte that means nothing */
	TC_ITEM_TRUNCATED /* the data ends within the item */
} TcItemKind;

typedef struct TcItem
{
	TcItemKind kind;
	int8_t ext_type;
	uint64_t value;			/* magnitude, a float's bits, bytes of a
								 * payload, or number of elements or pairs;
								 * of a truncated item, the bytes missing */
	const uint8_t *payload; /* of str, bin and ext */
} TcItem;

/* Where a reader stands; it never passes the end. */
typedef struct TcItemReader
{
	const uint8_t *start;
	const uint8_t *at;
	const uint8_t *end;
} TcItemReader;

/* The kind's name, for messages. */
extern const char *tc_item_kind_name(TcItemKind kind);

/* A number of so many bytes, most significant first. */
extern uint64_t tc_item_number(const uint8_t *from, int width);

/* An item with a lead byte from 0xc0 to 0xdf, which has been read. */
extern void tc_item_read_form(TcItemReader *reader, uint8_t lead, TcItem *item);

static inline void
tc_item_truncated(TcItem *item, uint64_t missing)
{
	item->kind = TC_ITEM_TRUNCATED;
	item->value = missing;
}

/* Take the payload, item->value bytes of it. */
static inline void
tc_item_read_payload(TcItemReader *reader, TcItem *item)
{
	size_t left = reader->end - reader->at;

	if (item->value > left)
	{
		tc_item_truncated(item, item->value - left);
		return;
	}
	item->payload = reader->at;
	reader->at += item->value;
}

/*
 * Read the next item.  After a reserved or truncated one the reader's place
 * is undefined, but within the data.
 */
static inline void
tc_item_read(TcItemReader *reader, TcItem *item)
{
	uint8_t lead;

	if (reader->at == reader->end)
	{
		tc_item_truncated(item, 1);
		return;
	}
	lead = *reader->at++;
	if (lead < 0x80)
	{
		item->kind = TC_ITEM_UNSIGNED;
		item->value = lead;
	}
	else if (lead >= 0xa0 && lead < 0xc0)
	{
		item->kind = TC_ITEM_STR;
		item->value = lead & 0x1f;
		tc_item_read_payload(reader, item);
	}
	else if (lead < 0xa0)
	{
		item->kind = lead < 0x90 ? TC_ITEM_MAP : TC_ITEM_ARRAY;
		item->value = lead & 0x0f;
	}
	else if (lead >= 0xe0)
	{
		item->kind = TC_ITEM_NEGATIVE;
		item->value = 0x100 - lead;
	}
	else
		tc_item_read_form(reader, lead, item);
}

#endif /* TC_MSGPACK_ITEM_H */
