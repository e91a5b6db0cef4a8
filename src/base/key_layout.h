/*
 * key_layout.h
 *	  Where the key ends in a record's data, without a catalog.
 */
#ifndef TC_KEY_LAYOUT_H
#define TC_KEY_LAYOUT_H

/* Columns that a layout can describe. */
#define TC_LAYOUT_COLUMNS 8

/* The columns that a record's data begins with. */
typedef struct TcKeyLayout
{
	int16 length[TC_LAYOUT_COLUMNS]; /* as in pg_type */
	char align[TC_LAYOUT_COLUMNS];
	uint8 n; /* 0: there are too many to be described */
} TcKeyLayout;

/* How many of the bytes the columns take; 0 when they do not fit. */
extern uint32 tc_key_layout_end(const TcKeyLayout *layout, const char *data,
								uint32 bytes);

#endif /* TC_KEY_LAYOUT_H */
