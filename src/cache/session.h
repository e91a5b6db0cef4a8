/*
 * session.h
 *	  What a session leaves behind when it ends.
 */
#ifndef TC_SESSION_H
#define TC_SESSION_H


/* Make sure that what this session counts is not lost when it ends. */
extern void tc_session_begin(void);

#endif /* TC_SESSION_H */
