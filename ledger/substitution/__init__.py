"""Freed quota, and two-high projects built against a larger reduction elsewhere."""
