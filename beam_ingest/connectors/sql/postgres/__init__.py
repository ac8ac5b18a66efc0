"""PostgreSQL: its catalogue ``pg_catalog``, read in a few statements a split."""
