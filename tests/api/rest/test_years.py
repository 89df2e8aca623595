"""Compliance years over HTTP: public dates, opened and closed by the city."""

from tests.api.rest.rights_town import C1, CHECKER, CITY, D1
from tests.ledger.compliance.world import WAIVER


def test_a_year_is_public_and_opened_by_two_of_the_city(rights):
    body = {"year": 2026, "measures": "energy", "deadline": "2027-06-30", "waiver": WAIVER}
    rights.agreed(CITY, CHECKER, "/years", body)

    assert [row["year"] for row in rights.turned("", "/years")] == [2026, 2025]
    shown = rights.reads("", "/years/2026")
    assert (shown["deadline"], shown["measures"], shown["state"]) == (
        "2027-06-30",
        "energy",
        "open",
    )
    assert rights.listed("", "/years?state=closed", "year") == []
    assert rights.status("", "/years/1999") == 404


def test_a_mean_price_is_recorded_and_public(rights):
    price = {"measure": "energy", "turnover_fen": "6000", "volume": "1000", "source": "tests"}
    for turnover in ("6000", "7000"):
        body = {**price, "turnover_fen": turnover}
        rights.agreed(CITY, CHECKER, "/years/2025/prices", body)

    assert rights.listed("", "/years/2025/prices", "turnover_fen") == ["7000", "6000"]
    assert len(rights.turned("", "/years/2025/prices?measure=energy")) == 2
    assert rights.listed("", "/years/2025/prices?measure=coal", "volume") == []


def test_what_is_not_due_yet_is_refused_and_changes_nothing(rights):
    for path, body in (
        ("/years/2025/closings", {"enterprise": "E1"}),
        ("/years/2026/deductions", {"enterprises": ["E1"]}),
        ("/years/2025/expiries", {"enterprises": ["E3"]}),
    ):
        assert rights.refused(CITY, path, body).status_code in (404, 409, 422)
    assert rights.post(rights.visit(CITY), "/api/v1/years/2025/closing", {}).status_code == 202


def test_only_the_city_opens_prices_and_closes(rights):
    for path, body in (
        ("/years", {"year": 2026, "measures": "energy"}),
        ("/years/2025/closing", {}),
        ("/years/2025/closings", {"enterprise": "E1"}),
    ):
        for person in (C1, D1):
            assert rights.refused(person, path, body).json["code"] == "not_permitted"
