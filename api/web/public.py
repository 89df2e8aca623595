"""
Pages for the public: the market's figures, policy and rules with sources, proofs.
"""

import api.web.public_certificates as certificate_pages
import api.web.public_market as market_pages
import api.web.public_policy as policy_pages
import api.web.public_proofs as proofs_pages
from api.web.public_frame import public

__all__ = ["public"]

PARTS = (
    certificate_pages,
    market_pages,
    policy_pages,
    proofs_pages,
)
"""Each puts its routes on the one blueprint while it is loaded."""
