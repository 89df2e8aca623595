"""Budgets over HTTP: capped, reserved, released; what is left."""

from tests.api.rest.rights_town import AUDITOR, C1, CHECKER, CITY, D1, D2

LEFT = ("cap", "reserved", "committed", "issued", "headroom")
BUDGET = "/budgets/990101/2026/energy"


def cap(district, amount, document="预算1号", **facts):
    return {
        "district": district,
        "year": 2026,
        "measure": "energy",
        "amount": str(amount),
        "document": document,
        **facts,
    }


def capped(rights):
    rows = [cap("990101", 1_000_000), cap("990102", 500_000)]
    rights.agreed(CITY, CHECKER, "/budgets", {"rows": rows})


def test_headroom_is_the_cap_less_what_is_set_aside(rights):
    capped(rights)
    assert rights.listed(D1, "/budgets", *LEFT) == [("1000000", "0", "0", "0", "1000000")]

    reserve = {"document": "预留1号", "amount": "300000"}
    told = rights.agreed(D1, CHECKER, f"{BUDGET}/reserves", reserve)
    assert told["headroom"] == 700_000
    release = {"document": "释放1号", "amount": "100000"}
    rights.agreed(D1, CHECKER, f"{BUDGET}/releases", release)

    shown = rights.reads(D1, BUDGET)
    assert [shown[name] for name in LEFT] == ["1000000", "200000", "0", "0", "800000"]
    steps = rights.listed(D1, "/budget-decisions", "step", "amount")
    assert steps == [("release", "100000"), ("reserve", "300000"), ("set", "1000000")]
    assert len(rights.turned(AUDITOR, "/budget-decisions?step=set")) == 2


def test_the_packs_share_is_reserved_with_its_sheet(rights):
    capped(rights)

    rights.agreed(D1, CHECKER, f"{BUDGET}/reserves", {"document": "预留1号"})

    decision = rights.reads(D1, "/budget-decisions?step=reserve")["items"][0]
    assert decision["amount"] == "30000"  # 3 % of 1,000 tce
    assert decision["sheet"]["steps"][0]["rule"] == "DST-53"


def test_budgets_are_seen_by_their_district_the_city_and_the_auditor(rights):
    capped(rights)
    both = ["990101", "990102"]

    for path in ("/budgets", "/budget-decisions"):
        seen = rights.seen_by(path, "district", (D1, D2, CITY, AUDITOR))
        assert seen == {D1: both[:1], D2: both[1:], CITY: both, AUDITOR: both}
        assert rights.status("", path) == 401
        assert rights.status(C1, path) == 403
    assert [row["district"] for row in rights.turned(CITY, "/budgets?measure=energy")] == both
    rights.same_as_absent(D2, BUDGET, "/budgets/990109/2026/energy")


def test_a_reserve_beyond_the_cap_is_refused_when_it_is_approved_and_a_stranger_at_once(rights):
    capped(rights)
    refused = rights.refused(D2, f"{BUDGET}/reserves", {"document": "预留1号", "amount": "1"})

    assert refused.json["code"] == "role_missing"
    assert rights.refused(C1, "/budgets", {"rows": []}).json["code"] == "not_permitted"
