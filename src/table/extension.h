/*
 * extension.h
 *	  Whether the extension is installed in this database, and where.
 */
#ifndef TC_EXTENSION_H
#define TC_EXTENSION_H

/*
 * Schema of the extension in this database, or InvalidOid.  One that somebody
 * has given the name is not it.
 */
extern Oid tc_extension_schema(void);

#endif /* TC_EXTENSION_H */
