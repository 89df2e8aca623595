"""Allocation as the writer knows it: rights, plans, issues, true-up and claims."""

from ledger.allocation.true_up import ALLOCATION

__all__ = ["ALLOCATION"]
