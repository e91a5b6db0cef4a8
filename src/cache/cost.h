/*
 * cost.h
 *	  The cost of a record, measured, and whether it can be one.
 */
#ifndef TC_COST_H
#define TC_COST_H

#include "table/map.h"

/*
 * Length of the value's (or row's) MessagePack encoding, at least 1, plus
 * length of the key's text.  What cannot be encoded counts as COST_DEFAULT.
 */
extern uint32 tc_cost_of_row(TcMap *map, const TcRow *row);

/* The same for a key that has no row. */
extern uint32 tc_cost_of_key(TcMap *map, const Datum *keys);

/*
 * Is a row larger than topcache.max_record_size?  Told before anything of it
 * is fetched or laid out, which could fail.
 */
extern bool tc_cost_row_too_large(const TcMap *map, const TcRow *row);

#endif /* TC_COST_H */
