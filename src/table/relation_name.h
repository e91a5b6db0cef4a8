/*
 * relation_name.h
 *	  Names of relations for use in SQL.
 */
#ifndef TC_RELATION_NAME_H
#define TC_RELATION_NAME_H

/* Schema and name of a relation, quoted where need be; palloc'd. */
extern char *tc_relation_name(Oid relation);

#endif /* TC_RELATION_NAME_H */
