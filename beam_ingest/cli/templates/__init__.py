"""What ``beam-ingest new`` writes: files with ``${name}`` in them, and a sample database."""
