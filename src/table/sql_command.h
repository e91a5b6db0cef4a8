/*
 * sql_command.h
 *	  Runs utility commands.
 */
#ifndef TC_SQL_COMMAND_H
#define TC_SQL_COMMAND_H

/* Run a utility command, as the current user. */
extern void tc_sql_command(const char *sql);

#endif /* TC_SQL_COMMAND_H */
