"""SQLite: the tables and views of a database file, read without changing it."""
