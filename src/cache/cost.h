/*
 * cost.h
 *	  The cost of a record, measured.
 */
#ifndef TC_COST_H
#define TC_COST_H

#include "heap/map.h"

/*
 * Length of the value's MessagePack encoding, at least 1, plus length of the
 * key's text.  A value that cannot be encoded counts as COST_DEFAULT.
 */
extern uint32 tc_cost_measure(TcMap *map, const Datum *keys, Datum value,
							  bool isnull);

#endif /* TC_COST_H */
