"""Query logs: files that hold what a database ran, in OpenMetadata's and PostgreSQL's formats."""
