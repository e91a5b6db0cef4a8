-- Input: functions, operators, settings and the rest of pg_catalog, one
-- document per object.

CREATE FUNCTION commented(object jsonb, object_class regclass, id oid)
    RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('class', object_class::text,
                              'comment', obj_description(id, object_class::name),
                              'object', object)
$$;

INSERT INTO input
    SELECT 'function ' || oid, commented(to_jsonb(p), 'pg_proc', oid) ||
           jsonb_build_object('arguments', pg_get_function_arguments(oid),
                              'result', pg_get_function_result(oid),
                              'signature', oid::regprocedure,
                              'definition', CASE WHEN prokind = 'f'
                                  THEN pg_get_functiondef(oid) END,
                              'result_type', (SELECT to_jsonb(t)
                                                FROM pg_type t
                                               WHERE t.oid = prorettype))
      FROM pg_proc p
    UNION ALL
    SELECT 'operator ' || oid, commented(to_jsonb(o), 'pg_operator', oid) ||
           jsonb_build_object('function', (SELECT to_jsonb(p) FROM pg_proc p
                                            WHERE p.oid = oprcode))
      FROM pg_operator o
    UNION ALL
    SELECT 'type ' || oid, commented(to_jsonb(t), 'pg_type', oid)
      FROM pg_type t
    UNION ALL
    SELECT 'relation ' || oid, commented(to_jsonb(c), 'pg_class', oid) ||
           jsonb_build_object('view', CASE WHEN relkind = 'v'
                                  THEN pg_get_viewdef(oid) END,
                              'index', CASE WHEN relkind = 'i'
                                  THEN pg_get_indexdef(oid) END)
      FROM pg_class c
    UNION ALL
    SELECT 'column ' || attrelid || ' ' || attnum, to_jsonb(a) ||
           jsonb_build_object('type', (SELECT to_jsonb(t) FROM pg_type t
                                        WHERE t.oid = atttypid))
      FROM pg_attribute a
    UNION ALL
    SELECT 'setting ' || name, to_jsonb(s) FROM pg_settings s
    UNION ALL
    SELECT format('description %s %s %s', classoid, objoid, objsubid),
           to_jsonb(d)
      FROM pg_description d
    UNION ALL
    SELECT format('collation %s', oid),
           commented(to_jsonb(c), 'pg_collation', oid)
      FROM pg_collation c
    UNION ALL
    SELECT format('cast %s', oid), to_jsonb(c) FROM pg_cast c
    UNION ALL
    SELECT format('operator of a family %s', oid), to_jsonb(a) FROM pg_amop a
    UNION ALL
    SELECT format('function of a family %s', oid), to_jsonb(a)
      FROM pg_amproc a;

INSERT INTO document
    SELECT row_number() OVER (ORDER BY md5(key)), key, value FROM input;
CREATE UNIQUE INDEX ON document (rank);
ANALYZE document;
