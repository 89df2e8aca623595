"""An exchange behind its application: three traders with quota and cash, an auditor, officers."""

from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from tests.api.guests import Town
from tests.build import SECOND_SECURITY, SECURITY
from tests.market.floor import QD, open_floor

AUDITOR = "person:AUD1"
PATH = f"/api/v1/instruments/{QD}"
FLOOR = {"E1": (1_000, 1_000_000), "E2": (1_000, 1_000_000), "E3": (1_000, 1_000_000)}
"""A thousand tonnes and a million yuan each."""


class Exchange(Town):
    """A town that only trades: QD-2025 at 100 yuan ±10 %, tick 0.01 yuan, lot 1 tce, fee 0.2 %."""

    def __init__(self, engine, clock, *, settings=None, holdings=FLOOR, **floor):
        self.floor = None

        def opened(engine, clock):
            self.floor = open_floor(engine, clock, holdings, **floor)
            return self.floor.bench

        super().__init__(engine, clock, open=opened, settings=settings)
        auditor = GrantRoles(grants=(Grant(AUDITOR, Role.AUDITOR),))
        self.bench.both(auditor, maker=SECURITY, checker=SECOND_SECURITY).require()

    def trader(self, enterprise):
        return self.visit(f"person:T{enterprise}")

    def place(self, enterprise, side, price, quantity, *, key=None, **more):
        """Place one order over HTTP and return the answer."""
        body = order(enterprise, side, price, quantity, **more)
        return self.post(self.trader(enterprise), "/api/v1/orders", body, key=key)


def order(enterprise, side, price, quantity, **more):
    """Return the body of an order."""
    return {
        "instrument": QD,
        "enterprise": enterprise,
        "side": side,
        "price_fen": str(price),
        "quantity_tce": str(quantity),
        **more,
    }


def said(response):
    """Return the status and the code of a problem."""
    return response.status_code, response.json["code"]
