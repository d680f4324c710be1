"""Balancing: equations, reconciliation, status, spread, tests."""
