/*
 * jsonb_form.h
 *	  The binary form of jsonb and of numeric, as far as the codec needs it.
 *
 * The server's own headers cannot be had without the server, and numeric's
 * form is private to it; both forms are on disk in every database and do not
 * change.  Where the server's headers say something about them, it is held
 * against this when the codec is compiled for the server.
 *
 * A container is a header word, then one entry word per child, then the
 * children's data.  An object has its keys as children first, sorted by
 * length and then by bytes, and then the values in the same order.  An entry
 * holds its child's type and either the length of its data or, at every
 * 32nd, the offset of its end.  Containers and numbers begin at a multiple of
 * four; the padding counts to their length.
 *
 * All is in the machine's byte order, and read and written through memcpy:
 * a value that is stored with a short header is not aligned.
 */
#ifndef TC_JSONB_FORM_H
#define TC_JSONB_FORM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A varlena's header of four bytes. */
#define TC_FORM_VARHDR 4

/* Entries. */
#define TC_FORM_LENGTH_MASK	  0x0FFFFFFF
#define TC_FORM_TYPE_MASK	  0x70000000
#define TC_FORM_STRING		  0x00000000
#define TC_FORM_NUMERIC		  0x10000000
#define TC_FORM_FALSE		  0x20000000
#define TC_FORM_TRUE		  0x30000000
#define TC_FORM_NULL		  0x40000000
#define TC_FORM_CONTAINER	  0x50000000
#define TC_FORM_HAS_OFFSET	  0x80000000
#define TC_FORM_OFFSET_STRIDE 32

/* Header words. */
#define TC_FORM_COUNT_MASK 0x0FFFFFFF
#define TC_FORM_SCALAR	   0x10000000
#define TC_FORM_OBJECT	   0x20000000
#define TC_FORM_ARRAY	   0x40000000

/* Numerics: digits of base 10,000 after a header of one or two words. */
#define TC_FORM_NUMERIC_KIND	   0xC000
#define TC_FORM_NUMERIC_NEGATIVE   0x4000
#define TC_FORM_NUMERIC_SHORT	   0x8000
#define TC_FORM_NUMERIC_SPECIAL	   0xC000
#define TC_FORM_SHORT_NEGATIVE	   0x2000
#define TC_FORM_SHORT_SCALE_SHIFT  7
#define TC_FORM_SHORT_SCALE_MAX	   0x3F
#define TC_FORM_SHORT_WEIGHT_MAX   0x3F
#define TC_FORM_SHORT_WEIGHT_MIN   (-0x40)
#define TC_FORM_SHORT_WEIGHT_MASK  0x7F
#define TC_FORM_NUMERIC_SCALE_MAX  0x3FFF
#define TC_FORM_NUMERIC_WEIGHT_MAX 0x7FFF

#define TC_FORM_ALIGN(offset) (((offset) + 3) & ~(size_t) 3)

static inline uint32_t
tc_form_get32(const char *from)
{
	uint32_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

static inline uint16_t
tc_form_get16(const char *from)
{
	uint16_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

static inline void
tc_form_put32(char *to, uint32_t word)
{
	memcpy(to, &word, sizeof(word));
}

static inline void
tc_form_put16(char *to, uint16_t word)
{
	memcpy(to, &word, sizeof(word));
}

/* Where a child ends, given where it begins. */
static inline uint32_t
tc_form_entry_end(uint32_t entry, uint32_t begin)
{
	return (entry & TC_FORM_LENGTH_MASK) +
		(entry & TC_FORM_HAS_OFFSET ? 0 : begin);
}

/* Where the first count children end: go back to the last offset. */
static inline uint32_t
tc_form_children_end(const char *entries, uint32_t count)
{
	uint32_t end = 0;

	while (count > 0)
	{
		uint32_t entry = tc_form_get32(entries + 4 * (size_t) --count);

		end += entry & TC_FORM_LENGTH_MASK;
		if (entry & TC_FORM_HAS_OFFSET)
			break;
	}
	return end;
}

/* The length in a varlena's four-byte header, that header included. */
static inline uint32_t
tc_form_varsize(const char *varlena)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return tc_form_get32(varlena) & 0x3FFFFFFF;
#else
	return tc_form_get32(varlena) >> 2;
#endif
}

static inline void
tc_form_set_varsize(char *varlena, uint32_t bytes)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	tc_form_put32(varlena, bytes & 0x3FFFFFFF);
#else
	tc_form_put32(varlena, bytes << 2);
#endif
}

#endif /* TC_JSONB_FORM_H */
