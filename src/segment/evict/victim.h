/*
 * victim.h
 *	  The record that is to be evicted.
 *
 * For files of the segment floor.
 */
#ifndef TC_VICTIM_H
#define TC_VICTIM_H

#include "segment/memory/shared.h"

/* A record as it was when it was chosen. */
typedef struct TcVictim
{
	TcRef ref;
	uint32 hash;
	uint64 last_access;
	int queue;
} TcVictim;

/* Outcome of looking for one. */
typedef enum TcChoice
{
	TC_CHOICE_NONE,	  /* there is no clean record */
	TC_CHOICE_MISSED, /* it has left the end of its list: look again */
	TC_CHOICE_SPARED, /* it was given more time: look again */
	TC_CHOICE_VICTIM
} TcChoice;

#endif /* TC_VICTIM_H */
