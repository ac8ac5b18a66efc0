"""What SQL texts say about data: views and queries, their tables, columns, joins and lineage."""
