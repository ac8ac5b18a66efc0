"""Pipeline options of each runner, and their checks."""
