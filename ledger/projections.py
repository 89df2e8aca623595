"""Everything that follows behind the writer, in the order in which it is brought up to date."""

from ledger.follow import Projection

PROJECTIONS: tuple[Projection, ...] = ()
