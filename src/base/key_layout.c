/*-------------------------------------------------------------------------
 *
 * key_layout.c
 *	  Where the key ends in a record's data, without a catalog.
 *
 * Structure: columns follow each other as in a heap tuple; one that is
 * aligned to bytes may be at any place.
 *
 * Failure: data that is too short is told from the end it would have.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupmacs.h"

#include "base/key_layout.h"
#include "base/pg_compat.h"

uint32
tc_key_layout_end(const TcKeyLayout *layout, const char *data, uint32 bytes)
{
	uint64 end = 0;

	for (int i = 0; i < layout->n; i++)
	{
		int16 length = layout->length[i];

		end = att_align_pointer(end, layout->align[i], length, data + end);
		if (end + (length > 0 ? length : 1) > bytes ||
			(length == -1 && !VARATT_IS_1B(data + end) &&
			 end + VARHDRSZ > bytes))
			return 0;
		end = att_addlength_pointer(end, length, data + end);
		if (end > bytes)
			return 0;
	}
	return end;
}
