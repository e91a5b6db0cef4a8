/*
 * fdw_rights.h
 *	  Who may do what through a foreign table.
 */
#ifndef TC_FDW_RIGHTS_H
#define TC_FDW_RIGHTS_H

#include "base/pg_compat.h"
#include "fdw/fdw_form.h"

/* Say what rights a statement takes, and whose. */
extern void tc_fdw_rights_ask(const TcStatementForm *form,
							  TcPermissions *permissions);

/* An error unless the form's user, and the table's owner, have them. */
extern void tc_fdw_rights_check(const TcStatementForm *form);

#endif /* TC_FDW_RIGHTS_H */
