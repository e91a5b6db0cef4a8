/*
 * commanded.h
 *	  What a command that fires an event trigger was about.
 */
#ifndef TC_COMMANDED_H
#define TC_COMMANDED_H

#include "fmgr.h"
#include "nodes/pg_list.h"

/*
 * The command, parsed, that has fired the event trigger that is called as
 * this; an error when it is called as something else.
 */
extern Node *tc_commanded_parsetree(FunctionCallInfo fcinfo, const char *name);

/* The relations that the current command has made or changed. */
extern List *tc_commanded_relations(void);

#endif /* TC_COMMANDED_H */
