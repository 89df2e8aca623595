"""Everything that follows behind the writer, in the order in which it is brought up to date."""

from ledger.follow import Projection
from ledger.lineage.fifo import LINEAGE
from ledger.lineage.flows import FLOWS
from ledger.snapshots import SNAPSHOTS
from ledger.tree import TREE

PROJECTIONS: tuple[Projection, ...] = (TREE, SNAPSHOTS, LINEAGE, FLOWS)
