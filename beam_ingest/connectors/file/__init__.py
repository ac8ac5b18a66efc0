"""JSON lines in local files: source, sink, stage and bulk sink."""
