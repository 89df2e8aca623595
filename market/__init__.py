"""
At what price, and with whom.

An *order* is an instruction to buy or sell; a *trade* is the bargain; a *phase* says what may be
done now; *settlement* moves quota and cash in one entry, or not at all.
"""
