"""Meters, factors and reports: what was consumed."""
