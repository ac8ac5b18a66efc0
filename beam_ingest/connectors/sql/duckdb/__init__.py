"""DuckDB: the catalogue functions of a database file, read without changing it."""
