"""From YAML with line numbers to checked models."""
