"""Moves without a price: transfers, voluntary cancellation, conversion of standing into flow."""
