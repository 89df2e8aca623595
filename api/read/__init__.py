"""Queries that pages and REST share: one snapshot, never beyond the reach of who asks."""
