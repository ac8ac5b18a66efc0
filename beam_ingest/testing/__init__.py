"""Conformance suites for connector authors."""
