"""Obligation, surrender, shortfall and the close of a year."""
