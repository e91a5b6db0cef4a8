/*
 * pg_compat.h
 *	  What differs between the PostgreSQL versions that topcache builds on.
 *
 * This is the only place that looks at PG_VERSION_NUM.  Each difference gets
 * one name here, and the rest of the code uses that name.
 */
#ifndef TC_PG_COMPAT_H
#define TC_PG_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "topcache needs PostgreSQL 15 or newer"
#endif

#include "access/transam.h"
#include "fmgr.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/wait_event.h"

#define tc_server_major (PG_VERSION_NUM / 10000)

/* The inside of variable-length values was part of postgres.h before. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * Announce an SQL-callable function.  PostgreSQL 15 does not export it where
 * everything else in the library is hidden; newer versions do, and to say so
 * twice does no harm.
 */
#define TC_FUNCTION(name)                            \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

/* The index of the primary key, if there is one that is not deferrable. */
#if PG_VERSION_NUM >= 180000
#define tc_primary_key_index(rel) RelationGetPrimaryKeyIndex((rel), false)
#else
#define tc_primary_key_index(rel) RelationGetPrimaryKeyIndex(rel)
#endif

/* Is no row without this column?  A constraint may be NOT VALID as yet. */
#if PG_VERSION_NUM >= 180000
#define tc_column_not_null(rel, number)                         \
	(TupleDescCompactAttr(RelationGetDescr(rel), -1 + (number)) \
		 ->attnullability == ATTNULLABLE_VALID)
#else
#define tc_column_not_null(rel, number) \
	(TupleDescAttr(RelationGetDescr(rel), -1 + (number))->attnotnull)
#endif

/*
 * The number of the file a relation lives in, and the subtransaction of ours
 * that has given it a new one.
 */
#if PG_VERSION_NUM >= 160000
#define tc_relation_new_file(rel) ((rel)->rd_newRelfilelocatorSubid)
#define tc_relation_file(rel)	  ((Oid) (rel)->rd_locator.relNumber)
#else
#define tc_relation_new_file(rel) ((rel)->rd_newRelfilenodeSubid)
#define tc_relation_file(rel)	  ((Oid) (rel)->rd_node.relNode)
#endif

/* Does this role own the relation? */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_class.h"
#define tc_owns_relation(relid, role) \
	object_ownercheck(RelationRelationId, (relid), (role))
#else
#define tc_owns_relation(relid, role) pg_class_ownercheck((relid), (role))
#endif

/* May this role call the function? */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_proc.h"
#define tc_may_execute(function, role)                                        \
	(object_aclcheck(ProcedureRelationId, (function), (role), ACL_EXECUTE) == \
	 ACLCHECK_OK)
#else
#define tc_may_execute(function, role) \
	(pg_proc_aclcheck((function), (role), ACL_EXECUTE) == ACLCHECK_OK)
#endif

/* May this role look up objects in the schema? */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_namespace.h"
#define tc_may_use_schema(schema, role)                                   \
	(object_aclcheck(NamespaceRelationId, (schema), (role), ACL_USAGE) == \
	 ACLCHECK_OK)
#else
#define tc_may_use_schema(schema, role) \
	(pg_namespace_aclcheck((schema), (role), ACL_USAGE) == ACLCHECK_OK)
#endif

/* The oldest transaction that the commit log can still be asked about. */
#if PG_VERSION_NUM >= 170000
#define tc_oldest_clog_xid() (TransamVariables->oldestClogXid)
#else
#define tc_oldest_clog_xid() (ShmemVariableCache->oldestClogXid)
#endif

/* The name under which a wait of ours is shown. */
#if PG_VERSION_NUM >= 170000
#define tc_wait_event(name) WaitEventExtensionNew(name)
#else
#define tc_wait_event(name) PG_WAIT_EXTENSION
#endif

/* Does this backend hold such a lock, or a stronger one? */
static inline bool
tc_lock_held(const LOCKTAG *tag, LOCKMODE mode)
{
#if PG_VERSION_NUM >= 170000
	return LockHeldByMe(tag, mode, true);
#else
	for (LOCKMODE m = mode; m <= MaxLockMode; m++)
	{
		if (LockHeldByMe(tag, m))
			return true;
	}
	return false;
#endif
}

/* Has a transaction released the lock on its id?  Does not wait. */
#if PG_VERSION_NUM >= 180000
#define tc_try_xact_lock(xid) ConditionalXactLockTableWait((xid), false)
#else
#define tc_try_xact_lock(xid) ConditionalXactLockTableWait(xid)
#endif

/* A time that was measured, in nanoseconds. */
#if PG_VERSION_NUM >= 160000
#define tc_instr_time_ns(time) INSTR_TIME_GET_NANOSEC(time)
#else
#define tc_instr_time_ns(time) \
	((int64) (time).tv_sec * 1000000000 + (time).tv_nsec)
#endif

/* Begin an index scan; newer versions want to know about instrumentation. */
#if PG_VERSION_NUM >= 180000
#define tc_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan((rel), (index), (snapshot), NULL, (nkeys), 0)
#else
#define tc_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan((rel), (index), (snapshot), (nkeys), 0)
#endif

/*
 * What an UPDATE has to do about indexes: newer versions tell those that only
 * summarize from the others.
 */
#if PG_VERSION_NUM >= 160000
#define tc_update_indexes	TU_UpdateIndexes
#define tc_any_index(which) ((which) != TU_None)
#define tc_insert_index_tuples(info, slot, state, which)                  \
	list_free(ExecInsertIndexTuples((info), (slot), (state), true, false, \
									NULL, NIL, (which) == TU_Summarizing))
#else
#define tc_update_indexes	bool
#define tc_any_index(which) (which)
#define tc_insert_index_tuples(info, slot, state, which)                  \
	list_free(ExecInsertIndexTuples((info), (slot), (state), true, false, \
									NULL, NIL))
#endif

/* How many elements an array is expected to have. */
#if PG_VERSION_NUM >= 170000
#define tc_array_length(root, array) estimate_array_length((root), (array))
#else
#define tc_array_length(root, array) estimate_array_length(array)
#endif

/* Expressions of a partitioned relation as those of one of its partitions. */
#if PG_VERSION_NUM >= 160000
#define tc_adjust_to_child(root, list, child)                            \
	((List *) adjust_appendrel_attrs_multilevel((root), (Node *) (list), \
												(child), (child)->top_parent))
#else
#define tc_adjust_to_child(root, list, child)                            \
	((List *) adjust_appendrel_attrs_multilevel((root), (Node *) (list), \
												(child)->relids,         \
												(child)->top_parent_relids))
#endif

/* What ExecutorRun is called with. */
#if PG_VERSION_NUM >= 180000
#define TC_EXECUTOR_RUN_PARAMETERS \
	QueryDesc *query, ScanDirection direction, uint64 count
#define TC_EXECUTOR_RUN_ARGUMENTS query, direction, count
#else
#define TC_EXECUTOR_RUN_PARAMETERS \
	QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define TC_EXECUTOR_RUN_ARGUMENTS query, direction, count, once
#endif

/* Let a column be null because of the same outer joins as another. */
#if PG_VERSION_NUM >= 160000
#define tc_var_take_nulling(var, other) \
	((var)->varnullingrels = bms_copy((other)->varnullingrels))
#else
#define tc_var_take_nulling(var, other) ((void) (other))
#endif

/* What EXPLAIN works with was part of commands/explain.h before. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/* Let others have their turn, in VACUUM and ANALYZE. */
#if PG_VERSION_NUM >= 180000
#define tc_vacuum_delay_point(is_analyze) vacuum_delay_point(is_analyze)
#else
#define tc_vacuum_delay_point(is_analyze) vacuum_delay_point()
#endif

/* Take a qualified name apart. */
#if PG_VERSION_NUM >= 160000
#define tc_qualified_name(name) stringToQualifiedNameList((name), NULL)
#else
#define tc_qualified_name(name) stringToQualifiedNameList(name)
#endif

/* Make the path of a foreign scan without a plan below it. */
#if PG_VERSION_NUM >= 180000
#define tc_foreign_path(root, rel, rows, startup, total, keys, outer, private) \
	create_foreignscan_path((root), (rel), NULL, (rows), 0, (startup),         \
							(total), (keys), (outer), NULL, NIL, (private))
#elif PG_VERSION_NUM >= 170000
#define tc_foreign_path(root, rel, rows, startup, total, keys, outer, private) \
	create_foreignscan_path((root), (rel), NULL, (rows), (startup), (total),   \
							(keys), (outer), NULL, NIL, (private))
#else
#define tc_foreign_path(root, rel, rows, startup, total, keys, outer, private) \
	create_foreignscan_path((root), (rel), NULL, (rows), (startup), (total),   \
							(keys), (outer), NULL, (private))
#endif

/*
 * What a relation of a query needs rights for was part of its entry in the
 * range table before, where it stands for partitions too: those need none.
 */
#if PG_VERSION_NUM >= 160000
#include "executor/executor.h"
#include "parser/parse_relation.h"
typedef RTEPermissionInfo TcPermissions;
#define tc_item_permissions(item)	  (item)->p_perminfo
#define tc_add_permissions(rte, list) addRTEPermissionInfo((list), (rte))
#define tc_check_permissions(rtes, list) \
	((void) ExecCheckPermissions((rtes), (list), true))
#define tc_find_permissions(rte, list) \
	((rte)->perminfoindex > 0 ? getRTEPermissionInfo((list), (rte)) : NULL)
#define tc_query_permissions(query) (query)->rteperminfos
#define tc_query_take_relations(query, pstate) \
	((query)->rtable = (pstate)->p_rtable,     \
	 (query)->rteperminfos = (pstate)->p_rteperminfos)
#else
#include "executor/executor.h"
typedef RangeTblEntry TcPermissions;
#define tc_item_permissions(item)	  (item)->p_rte
#define tc_add_permissions(rte, list) ((void) (list), (rte))
#define tc_check_permissions(rtes, list) \
	((void) (list), (void) ExecCheckRTPerms((rtes), true))
#define tc_find_permissions(rte, list) \
	((void) (list), (rte)->requiredPerms != 0 ? (rte) : NULL)
#define tc_query_permissions(query) NIL
#define tc_query_take_relations(query, pstate) \
	((query)->rtable = (pstate)->p_rtable)
#endif

/* Execute a query to its end. */
#if PG_VERSION_NUM >= 180000
#define tc_executor_run(query) ExecutorRun((query), ForwardScanDirection, 0)
#else
#define tc_executor_run(query) \
	ExecutorRun((query), ForwardScanDirection, 0, true)
#endif

/* As whom a scanned relation is to be read; InvalidOid: the current user. */
#if PG_VERSION_NUM >= 160000
#define tc_scan_user(plan, rte) ((void) (rte), (plan)->checkAsUser)
#else
#define tc_scan_user(plan, rte) ((rte)->checkAsUser)
#endif

/*
 * The same of a relation that is written to.  A partition that rows are routed
 * to has no place in the range table but that of the whole.
 */
#if PG_VERSION_NUM >= 160000
#define tc_result_user(info, state) ExecGetResultRelCheckAsUser((info), (state))
#else
#define tc_result_user(info, state)                                        \
	(exec_rt_fetch((info)->ri_RangeTableIndex > 0                          \
					   ? (info)->ri_RangeTableIndex                        \
					   : (info)->ri_RootResultRelInfo->ri_RangeTableIndex, \
				   (state))                                                \
		 ->checkAsUser)
#endif

#endif /* TC_PG_COMPAT_H */
