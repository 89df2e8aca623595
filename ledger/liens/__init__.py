"""Liens: leases, pledges, judicial freezes, court orders and succession."""
