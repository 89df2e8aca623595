"""
The demonstration: a fictional province plays one compliance year through the ordinary commands.

Nothing here reaches into the ledger. Every chapter sends the same commands, by the same imports,
as an operator would; only the clock is led by hand.
"""
