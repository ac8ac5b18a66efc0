"""One file a processor."""
