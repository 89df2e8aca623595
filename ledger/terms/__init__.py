"""The terms on which an account, a period or a record stands: limits, freezes, seals, notes."""
