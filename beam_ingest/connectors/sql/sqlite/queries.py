"""The statements: PRAGMAs as table-valued functions, so that one answers for many tables."""

from __future__ import annotations

LIST = """
SELECT name, type = 'view' FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name
"""

# One statement a split. Rows are (table, part, first, second, a, b, c, d, e), the parts of a
# table in order: 0 itself, 1 its columns, 2 its unique keys, 3 its foreign keys.
_READ = """
WITH r AS MATERIALIZED (
    SELECT name, type, sql FROM sqlite_master
    WHERE type IN ('table', 'view') AND name IN ({names})
)
SELECT r.name, 0 AS part, 0 AS first, 0 AS second, r.type, r.sql, NULL, NULL, NULL FROM r
UNION ALL
SELECT r.name, 1, c.cid, 0, c.name, c.type, c."notnull", c.pk, c.hidden
FROM r, pragma_table_xinfo(r.name) AS c WHERE c.hidden <> 1
UNION ALL
SELECT r.name, 2, i.seq, k.seqno, k.name, NULL, NULL, NULL, NULL
FROM r, pragma_index_list(r.name) AS i, pragma_index_info(i.name) AS k
WHERE i.origin = 'u'
UNION ALL
SELECT r.name, 3, f.id, f.seq, f."from", f."table", f."to", p.name,
    (SELECT c.name FROM pragma_table_xinfo(p.name) AS c
     WHERE CASE WHEN f."to" IS NULL THEN c.pk = f.seq + 1
           ELSE c.name = f."to" COLLATE NOCASE END)
FROM r, pragma_foreign_key_list(r.name) AS f
LEFT JOIN sqlite_master AS p ON p.type = 'table' AND p.name = f."table" COLLATE NOCASE
ORDER BY 1, 2, 3, 4
"""

_COLUMNS = """
SELECT r.name, c.name FROM sqlite_master AS r, pragma_table_xinfo(r.name) AS c
WHERE r.type IN ('table', 'view') AND r.name COLLATE NOCASE IN ({names}) AND c.hidden <> 1
ORDER BY r.name, c.cid
"""


def read(count: int) -> str:
    """The statement for ``count`` names."""
    return _READ.format(names=", ".join("?" * count))


def columns(count: int) -> str:
    """The names of the columns of ``count`` tables."""
    return _COLUMNS.format(names=", ".join("?" * count))
