/*
 * wanted.h
 *	  Records that fills could not store because writers were at them.
 */
#ifndef TC_WANTED_H
#define TC_WANTED_H

#include "segment/memory/image.h"

/* A fill of the key has lost to a writer: ask the next one to help. */
extern void tc_wanted_add(const TcProbe *probe);

/* Is the key wanted?  Tells so once. */
extern bool tc_wanted_take(const TcProbe *probe);

#endif /* TC_WANTED_H */
