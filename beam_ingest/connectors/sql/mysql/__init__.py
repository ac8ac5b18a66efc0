"""MySQL and MariaDB: ``information_schema``, read in a few statements a split."""
