"""The statements on DuckDB's own catalogue functions, for the database of the file."""

from __future__ import annotations

DATABASE = """
SELECT database_name, comment FROM duckdb_databases() WHERE database_name = current_database()
"""

SCHEMAS = """
SELECT schema_name, comment FROM duckdb_schemas()
WHERE database_name = current_database()
  AND schema_name NOT IN ('information_schema', 'pg_catalog') ORDER BY schema_name
"""

# (schema, name, is it a view, columns)
RELATIONS = """
SELECT schema_name, table_name AS name, false, column_count FROM duckdb_tables()
WHERE database_name = current_database() AND NOT internal AND NOT temporary
  AND list_contains(?, schema_name)
UNION ALL
SELECT schema_name, view_name, true, column_count FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal AND NOT temporary
  AND list_contains(?, schema_name)
ORDER BY schema_name, name
"""

# (schema, name told apart, name, definition, comment)
MACROS = """
SELECT schema_name,
       CASE WHEN count(*) OVER (PARTITION BY schema_name, function_name) > 1
            THEN function_name || '(' || array_to_string(parameters, ', ') || ')'
            ELSE function_name END AS label,
       function_name, macro_definition, comment
FROM duckdb_functions()
WHERE database_name = current_database() AND NOT internal
  AND function_type IN ('macro', 'table_macro') AND list_contains(?, schema_name)
ORDER BY schema_name, label
"""

# (name, is it a view, comment, rows, statement)
READ_RELATIONS = """
SELECT table_name, false, comment, estimated_size, sql FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = ? AND list_contains(?, table_name)
UNION ALL
SELECT view_name, true, comment, NULL, sql FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = ? AND list_contains(?, view_name)
"""

# (table, column, type, nullable, comment, default, generated as)
READ_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, comment, column_default,
       CASE WHEN is_generated THEN generation_expression END
FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = ? AND list_contains(?, table_name)
ORDER BY table_name, column_index
"""

# (table, kind, columns, referred table, referred columns)
READ_KEYS = """
SELECT table_name, constraint_type, constraint_column_names, referenced_table,
       referenced_column_names
FROM duckdb_constraints()
WHERE database_name = current_database() AND schema_name = ? AND list_contains(?, table_name)
  AND constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')
ORDER BY table_name, constraint_index
"""

# (schema, table, column) of tables named in any case
COLUMNS_OF = """
SELECT schema_name, table_name, column_name FROM duckdb_columns()
WHERE database_name = current_database() AND lower(schema_name) = ?
  AND list_contains(?, lower(table_name)) ORDER BY schema_name, table_name, column_index
"""
