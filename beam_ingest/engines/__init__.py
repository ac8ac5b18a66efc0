"""Engines on which a job outlives its launcher: its state, its end, and how to cancel it."""
