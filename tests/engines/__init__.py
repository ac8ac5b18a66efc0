"""Whole runs on real engines: what comes out is what the local runner gives."""
