"""The statements. All names are qualified: ``search_path`` has no say in what they find.

What is asked of some tables is written so that only an index can answer it: a comment is a scalar
subquery and no join, a schema's oid a subquery within the join. As plain joins the planner reads
all comments or keys of the catalogue for each 200 tables, or every table of a name for each one.
"""

from __future__ import annotations

DATABASES = """
SELECT datname, pg_catalog.shobj_description(oid, 'pg_database'),
       pg_catalog.pg_get_userbyid(datdba)
FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname COLLATE "C"
"""

DATABASE = """
SELECT datname, pg_catalog.shobj_description(oid, 'pg_database'),
       pg_catalog.pg_get_userbyid(datdba)
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
"""

SCHEMAS = r"""
SELECT n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace'),
       pg_catalog.pg_get_userbyid(n.nspowner)
FROM pg_catalog.pg_namespace n WHERE n.nspname NOT LIKE 'pg\_%'
ORDER BY n.nspname COLLATE "C"
"""

# (schema, may it be used)
USABLE = """
SELECT n.nspname, pg_catalog.has_schema_privilege(n.oid, 'USAGE')
FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY(%s::name[])
"""

# (schema, name, kind, columns, is it a partition)
RELATIONS = """
SELECT n.nspname, c.relname, c.relkind, c.relnatts, c.relispartition
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s::name[]) AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""

# A function that shares its name with others is told apart by its arguments.
_LABELLED = """
SELECT n.nspname AS schema, p.oid, p.proname AS name,
       CASE WHEN pg_catalog.count(*) OVER (PARTITION BY p.pronamespace, p.proname) > 1
            THEN p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')'
            ELSE p.proname::text END AS label
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY(%s::name[]) AND p.prokind IN ('f', 'p'){only}
"""

_ROUTINES = """
SELECT schema, label, name FROM ({labelled}) AS l
ORDER BY schema COLLATE "C", label COLLATE "C"
"""
ROUTINES = _ROUTINES.format(labelled=_LABELLED.format(only=""))

# (schema, label, kind, language, text, description, owner); the text of a function with a
# standard SQL body is not in prosrc.
_READ_ROUTINES = """
SELECT l.schema, l.label, p.prokind, g.lanname,
       COALESCE(NULLIF(p.prosrc, ''), pg_catalog.pg_get_functiondef(p.oid)),
       pg_catalog.obj_description(p.oid, 'pg_proc'), pg_catalog.pg_get_userbyid(p.proowner)
FROM ({labelled}) AS l
JOIN unnest(%s::text[], %s::text[]) AS w(schema, label)
  ON w.schema = l.schema AND w.label = l.label
JOIN pg_catalog.pg_proc p ON p.oid = l.oid
JOIN pg_catalog.pg_language g ON g.oid = p.prolang
"""
READ_ROUTINES = _READ_ROUTINES.format(
    labelled=_LABELLED.format(only=" AND p.proname = ANY(%s::name[])")
)

# (oid, schema, name, both quoted, kind, comment, owner, rows, pages, definition, partition
#  strategy, columns of the partition key)
READ_RELATIONS = """
SELECT c.oid::int8, w.schema, c.relname,
       pg_catalog.quote_ident(w.schema) || '.' || pg_catalog.quote_ident(c.relname),
       c.relkind, d.description,
       pg_catalog.pg_get_userbyid(c.relowner), c.reltuples, c.relpages,
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid, true) END,
       p.partstrat, p.partattrs::int2[]
FROM unnest(%s::name[], %s::name[]) AS w(schema, name)
JOIN pg_catalog.pg_class c ON c.relname = w.name AND c.relnamespace = (
    SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = w.schema)
LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
"""

# (relation, number, name, type, type modifier, not null, comment)
READ_COLUMNS = """
SELECT a.attrelid::int8, a.attnum, a.attname, a.atttypid::int8, a.atttypmod, a.attnotnull,
       (SELECT d.description FROM pg_catalog.pg_description d
        WHERE d.objoid = a.attrelid AND d.classoid = 'pg_catalog.pg_class'::regclass
          AND d.objsubid = a.attnum)
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

# (relation, kind, columns, referred schema, referred table, referred columns). A key that
# refers to a partitioned table has a copy for each partition, which is left out.
READ_KEYS = """
SELECT k.conrelid::int8, k.contype, k.conkey, rn.nspname, rc.relname,
       CASE WHEN k.contype = 'f' THEN ARRAY(
           SELECT a.attname::text
           FROM unnest(k.confkey) WITH ORDINALITY AS f(attnum, position)
           JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = f.attnum
           ORDER BY f.position) END
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_class rc ON rc.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
WHERE k.conrelid = ANY(%s::oid[]) AND k.contype IN ('p', 'u', 'f')
  AND (k.conparentid = 0 OR k.conrelid IS DISTINCT FROM (
       SELECT o.conrelid FROM pg_catalog.pg_constraint o WHERE o.oid = k.conparentid))
ORDER BY k.conrelid, k.conname COLLATE "C"
"""

# (relation, number, name quoted, default, generated, identity, collation): on request only.
READ_DEFAULTS = """
SELECT a.attrelid::int8, a.attnum, pg_catalog.quote_ident(a.attname),
       pg_catalog.pg_get_expr(v.adbin, v.adrelid), a.attgenerated::text, a.attidentity::text,
       CASE WHEN a.attcollation <> t.typcollation
            THEN pg_catalog.format('%%I.%%I', ln.nspname, l.collname) END
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef v ON v.adrelid = a.attrelid AND v.adnum = a.attnum
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
"""

# (relation, name, definition), (relation, partition key, server of a foreign table)
READ_CONSTRAINT_TEXTS = """
SELECT k.conrelid::int8, pg_catalog.quote_ident(k.conname),
       pg_catalog.pg_get_constraintdef(k.oid, true)
FROM pg_catalog.pg_constraint k
WHERE k.conrelid = ANY(%s::oid[]) AND k.contype IN ('p', 'u', 'f', 'c', 'x')
  AND (k.conparentid = 0 OR k.conrelid IS DISTINCT FROM (
       SELECT o.conrelid FROM pg_catalog.pg_constraint o WHERE o.oid = k.conparentid))
ORDER BY k.conrelid,
         pg_catalog.array_position(ARRAY['p', 'u', 'f', 'c', 'x'], k.contype::text),
         k.conname COLLATE "C"
"""
READ_TABLE_TEXTS = """
SELECT c.oid::int8, pg_catalog.pg_get_partkeydef(c.oid), pg_catalog.quote_ident(s.srvname)
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = c.oid
LEFT JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
WHERE c.oid = ANY(%s::oid[]) AND c.relkind IN ('p', 'f')
"""

# (type, modifier, display, name, schema, kind, category, not null, element, base, its
#  modifier, relation of a composite)
READ_TYPES = """
SELECT t.oid::int8, w.modifier, pg_catalog.format_type(t.oid, w.modifier), t.typname, n.nspname,
       t.typtype::text, t.typcategory::text, t.typnotnull, t.typelem::int8, t.typbasetype::int8,
       t.typtypmod, t.typrelid::int8
FROM unnest(%s::oid[], %s::int4[]) AS w(oid, modifier)
JOIN pg_catalog.pg_type t ON t.oid = w.oid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
"""

# (schema, relation, column); partitions only if they are read
COLUMNS_OF = """
SELECT w.schema, c.relname, a.attname
FROM unnest(%s::name[], %s::name[]) AS w(schema, name)
JOIN pg_catalog.pg_class c ON c.relname = w.name AND c.relnamespace = (
    SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = w.schema)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  AND (%s OR NOT c.relispartition)
ORDER BY w.schema, c.relname, a.attnum
"""
