/*
 * key_text.h
 *	  The text form of keys.
 */
#ifndef TC_KEY_TEXT_H
#define TC_KEY_TEXT_H

#include "table/map.h"

/* A key as text: the column's own, or that of a row of several. */
extern char *tc_key_text(const TcMap *map, const Datum *keys);

/* Length of that in bytes, without making it where it can be told. */
extern uint32 tc_key_text_length(const TcMap *map, const Datum *keys);

#endif /* TC_KEY_TEXT_H */
