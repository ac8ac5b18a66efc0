"""Deliberately broken components, each with the checks that must catch it, and good twins.

Pytest does not collect these modules by itself: ``test_suites_bite`` runs them.
"""
