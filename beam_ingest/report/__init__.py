"""Progress and summaries for the reader."""
