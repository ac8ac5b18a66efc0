"""The statements on ``information_schema``.

A statement for tables of several schemas has an arm for each schema: with a constant
``TABLE_SCHEMA`` MariaDB looks into that schema's folder only, and with a list of names it opens
only those tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from beam_ingest.connectors.sql.listing import Names

SCHEMAS = """
SELECT s.SCHEMA_NAME FROM information_schema.SCHEMATA s ORDER BY BINARY s.SCHEMA_NAME
"""

_RELATIONS = """
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE FROM information_schema.TABLES t
WHERE t.TABLE_SCHEMA IN ({names}) ORDER BY BINARY t.TABLE_SCHEMA, BINARY t.TABLE_NAME
"""

_ROUTINES = """
SELECT r.ROUTINE_SCHEMA, r.ROUTINE_NAME, r.ROUTINE_TYPE FROM information_schema.ROUTINES r
WHERE r.ROUTINE_SCHEMA IN ({names}) AND r.ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION')
ORDER BY BINARY r.ROUTINE_SCHEMA, BINARY r.ROUTINE_NAME, r.ROUTINE_TYPE
"""

_READ_ROUTINES = """
SELECT r.ROUTINE_SCHEMA, r.ROUTINE_NAME, r.ROUTINE_TYPE, r.ROUTINE_BODY, r.ROUTINE_DEFINITION,
       r.ROUTINE_COMMENT, r.DEFINER
FROM information_schema.ROUTINES r
WHERE r.ROUTINE_SCHEMA = %s AND r.ROUTINE_NAME IN ({names})
"""

# (schema, table, kind, comment, rows, bytes)
_READ_RELATIONS = """
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE, t.TABLE_COMMENT, {estimates}
FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = %s AND t.TABLE_NAME IN ({names})
"""
ESTIMATES = "t.TABLE_ROWS, t.DATA_LENGTH + t.INDEX_LENGTH"
NO_ESTIMATES = "NULL, NULL"

# A column is one JSON array: [schema, table, number, column, type, nullable, comment], and on
# request [..., default, extra, generation expression].
_COLUMN = """JSON_ARRAY(c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION, c.COLUMN_NAME,
                  c.COLUMN_TYPE, c.IS_NULLABLE, c.COLUMN_COMMENT{properties})"""
# (number of columns, their arrays in one text with commas between). PyMySQL takes rows apart in
# Python, and a catalogue has more columns than anything else: a schema's in one value are read in
# a quarter of the time.
_READ_COLUMNS = """
SELECT COUNT(*), GROUP_CONCAT({column})
FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = %s AND c.TABLE_NAME IN ({names})
"""
_READ_COLUMNS_SINGLY = """
SELECT {column}
FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = %s AND c.TABLE_NAME IN ({names})
"""
GATHERED_BYTES = 1_000_000
"""What ``group_concat_max_len`` has to be: the longest text of ``read_columns``. Below the least
``max_allowed_packet`` that servers come with, since a row has to fit into it."""
PROPERTIES = ", c.COLUMN_DEFAULT, c.EXTRA, c.GENERATION_EXPRESSION"

# Both: (schema, table, key, position, column, referred schema, referred table, referred column,
# length of a column's indexed prefix). KEY_COLUMN_USAGE has primary and unique keys too, but
# makes MariaDB open every table in its storage engine, which STATISTICS does not.
_READ_UNIQUE_KEYS = """
SELECT s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX, s.COLUMN_NAME,
       NULL, NULL, NULL, s.SUB_PART
FROM information_schema.STATISTICS s
WHERE s.TABLE_SCHEMA = %s AND s.TABLE_NAME IN ({names}) AND s.NON_UNIQUE = 0
"""
_READ_FOREIGN_KEYS = """
SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION, k.COLUMN_NAME,
       k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, NULL
FROM information_schema.KEY_COLUMN_USAGE k
WHERE k.TABLE_SCHEMA = %s AND k.TABLE_NAME IN ({names}) AND k.REFERENCED_TABLE_NAME IS NOT NULL
"""

# (schema, table): those that have foreign keys, on MariaDB, for who has PROCESS. InnoDB is the
# only engine with foreign keys; it knows tables by the names of their files.
TABLES_WITH_FOREIGN_KEYS = """
SELECT DISTINCT
       CONVERT(CONVERT(SUBSTRING_INDEX(f.FOR_NAME, '/', 1) USING binary) USING filename),
       CONVERT(CONVERT(SUBSTRING_INDEX(f.FOR_NAME, '/', -1) USING binary) USING filename)
FROM information_schema.INNODB_SYS_FOREIGN f
"""

_READ_VIEWS = """
SELECT v.TABLE_SCHEMA, v.TABLE_NAME, v.VIEW_DEFINITION FROM information_schema.VIEWS v
WHERE v.TABLE_SCHEMA = %s AND v.TABLE_NAME IN ({names})
"""

# (schema, view) of those whose definitions the user may not see
_HIDDEN_VIEWS = """
SELECT v.TABLE_SCHEMA, v.TABLE_NAME FROM information_schema.VIEWS v
WHERE v.TABLE_SCHEMA IN ({names}) AND COALESCE(v.VIEW_DEFINITION, '') = ''
ORDER BY BINARY v.TABLE_SCHEMA
"""

# (schema, table, key, action on update, action on delete): on request only
_READ_RULES = """
SELECT r.CONSTRAINT_SCHEMA, r.TABLE_NAME, r.CONSTRAINT_NAME, r.UPDATE_RULE, r.DELETE_RULE
FROM information_schema.REFERENTIAL_CONSTRAINTS r
WHERE r.CONSTRAINT_SCHEMA = %s AND r.TABLE_NAME IN ({names})
"""

# (schema, table, name, clause): MariaDB and MySQL disagree about where the table is named.
_READ_CHECKS_MARIADB = """
SELECT k.CONSTRAINT_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.CHECK_CLAUSE
FROM information_schema.CHECK_CONSTRAINTS k
WHERE k.CONSTRAINT_SCHEMA = %s AND k.TABLE_NAME IN ({names})
"""
_READ_CHECKS_MYSQL = """
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, k.CONSTRAINT_NAME, k.CHECK_CLAUSE
FROM information_schema.TABLE_CONSTRAINTS t
JOIN information_schema.CHECK_CONSTRAINTS k
  ON k.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND k.CONSTRAINT_NAME = t.CONSTRAINT_NAME
WHERE t.CONSTRAINT_TYPE = 'CHECK' AND t.TABLE_SCHEMA = %s AND t.TABLE_NAME IN ({names})
"""

_COLUMNS_OF = """
SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, c.ORDINAL_POSITION
FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = %s AND c.TABLE_NAME IN ({names})
"""

Statement = tuple[str, list[str]]
"""A statement and its parameters."""


def relations(schemas: Sequence[str]) -> Statement:
    """The names in ``schemas``."""
    return _RELATIONS.format(names=_marks(schemas)), list(schemas)


def routines(schemas: Sequence[str]) -> Statement:
    """The procedures and functions in ``schemas``."""
    return _ROUTINES.format(names=_marks(schemas)), list(schemas)


def read_routines(names: Names) -> Statement:
    """Procedures and functions of a split."""
    return _arms(_READ_ROUTINES, names)


def read_relations(names: Names, *, estimates: bool) -> Statement:
    """Tables and views of a split. Estimates make the server open every table."""
    arm = _READ_RELATIONS.replace("{estimates}", ESTIMATES if estimates else NO_ESTIMATES)
    return _arms(arm, names)


def read_columns(names: Names, *, properties: bool) -> Statement:
    """Their columns, a row a schema. A text longer than ``GATHERED_BYTES`` is cut off."""
    return _columns(_READ_COLUMNS, names, properties=properties)


def read_columns_singly(names: Names, *, properties: bool) -> Statement:
    """The same, a row a column: for those whose text would be cut off."""
    return _columns(_READ_COLUMNS_SINGLY, names, properties=properties)


def read_unique_keys(names: Names) -> Statement:
    """Their primary and unique keys."""
    return _arms(_READ_UNIQUE_KEYS, names)


def read_foreign_keys(names: Names) -> Statement:
    """Their foreign keys."""
    return _arms(_READ_FOREIGN_KEYS, names)


def read_views(names: Names) -> Statement:
    """The definitions of the views among them."""
    return _arms(_READ_VIEWS, names)


def hidden_views(schemas: Sequence[str]) -> Statement:
    """The views in ``schemas`` that are shown without a definition."""
    return _HIDDEN_VIEWS.format(names=_marks(schemas)), list(schemas)


def read_rules(names: Names) -> Statement:
    """What their foreign keys do when the other table changes."""
    return _arms(_READ_RULES, names)


def read_checks(names: Names, *, mariadb: bool) -> Statement:
    """Their check constraints. MySQL has them since 8.0.16."""
    return _arms(_READ_CHECKS_MARIADB if mariadb else _READ_CHECKS_MYSQL, names)


def columns_of(names: Names) -> Statement:
    """The names of columns."""
    return _arms(_COLUMNS_OF, names)


def _columns(arm: str, names: Names, *, properties: bool) -> Statement:
    column = _COLUMN.replace("{properties}", PROPERTIES if properties else "")
    return _arms(arm.replace("{column}", column), names)


def _arms(arm: str, names: Names) -> Statement:
    arms = [arm.format(names=_marks(tables)) for tables in names.values()]
    parameters = [part for schema, tables in names.items() for part in (schema, *tables)]
    return "UNION ALL".join(arms), parameters


def _marks(names: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(names))
