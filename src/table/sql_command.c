/*-------------------------------------------------------------------------
 *
 * sql_command.c
 *	  Runs utility commands.
 *
 * Failure: errors are those of the command.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"

#include "table/sql_command.h"

void
tc_sql_command(const char *sql)
{
	int code;

	SPI_connect();
	code = SPI_execute(sql, false, 0);
	if (code != SPI_OK_UTILITY)
		elog(ERROR, "could not execute \"%s\": %s", sql,
			 SPI_result_code_string(code));
	SPI_finish();
}
