"""Districts, sectors, enterprises and facilities: who and what the rights are about."""
