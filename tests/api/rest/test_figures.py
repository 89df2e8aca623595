"""Figures over HTTP: published to all; positions of districts; flows, which balance."""

from collections import Counter

import sqlalchemy as sa

from api.read import flows as read_flows
from ledger.asset import flow
from ledger.follow import catch_up
from ledger.lineage.flows import FLOWS
from ledger.transfer import Line, PostLines
from tests.api.rest.rights_town import A1, AUDITOR, C1, CHECKER, CITY, D1, D2
from tests.api.rest.test_allocations import issued
from tests.api.rest.test_budgets import cap
from tests.api.rest.test_projects import accepted

EN_2025 = flow(measure="energy", vintage=2025, area="990101").code


def figure(name, value, unit, *, year=2025, district="990101"):
    return {
        "district": district,
        "year": year,
        "figure": name,
        "value": value,
        "unit": unit,
        "status": "sample",
        "document": "示例公报",
    }


PUBLISHED = [
    figure("energy_total", "100", "10k_tce"),
    figure("gdp", "200", "100m_yuan"),
    figure("energy_intensity", "0.58", "tce_per_10k_yuan", year=2020),
    figure("target_intensity_reduction", "14.5", "percent"),
]


def test_figures_are_recorded_and_public_each_as_it_was_recorded_last(rights):
    rights.does(D1, "/figures", {"rows": PUBLISHED})
    rights.does(D1, "/figures", {"rows": [figure("gdp", "201", "100m_yuan")]})

    assert rights.listed("", "/figures?year=2025", "figure", "value") == [
        ("energy_total", "100"),
        ("gdp", "201"),
        ("target_intensity_reduction", "14.5"),
    ]
    rows = rights.turned("", "/figures?district=990101&status=sample")
    assert [row["year"] for row in rows] == [2020, 2025, 2025, 2025]
    wrong = {"rows": [figure("gdp", "1", "100m_yuan", district="990102")]}
    assert rights.refused(D1, "/figures", wrong).json["code"] == "role_missing"
    assert rights.refused(C1, "/figures", wrong).json["code"] == "not_permitted"


def test_a_position_is_worked_out_from_what_was_published_and_reported(rights):
    rights.does(D1, "/figures", {"rows": PUBLISHED})
    rights.agreed(CITY, CHECKER, "/budgets", {"rows": [cap("990101", 9_000, year=2025)]})

    shown = rights.reads(D1, "/districts/990101/position?year=2025")

    assert shown["total_kgce"] == "1000000000"
    # 100 × 10,000 tce over 200 × 10,000 × 10,000 yuan is 0.5 tce; 0.58 fell to it by 13.79 %.
    assert shown["intensity_kgce_per_10k_yuan"] == "500.000"
    assert (shown["base_year"], shown["reduction_percent"]) == (2020, "13.79")
    assert (shown["target_percent"], shown["due_percent"]) == ("14.5", "14.50")
    assert shown["warning"] == {"severity": "watch", "label": "2"}
    # E1 reported 5,000 kgce and E2 700.
    assert (shown["reported_kgce"], shown["reports_count"]) == ("5700", 2)
    assert [(one["measure"], one["headroom"]) for one in shown["budgets"]] == [("energy", "9000")]


def test_without_figures_there_is_no_level_and_that_is_not_green(rights):
    shown = rights.reads(AUDITOR, "/districts/990102/position?year=2024")

    for name in ("total_kgce", "intensity_kgce_per_10k_yuan", "reduction_percent", "warning"):
        assert shown[name] is None
    assert shown["budgets"] == []
    for year in ("", "?year=1999", "?year=x"):
        assert rights.status(D2, f"/districts/990102/position{year}") in (400, 422)


def test_a_position_is_for_the_district_itself_and_those_above(rights):
    path = "/districts/990101/position?year=2025"

    assert rights.status("", path) == 401
    assert rights.status(C1, path) == 403
    rights.same_as_absent(D2, path, "/districts/990199/position?year=2025")


def edges(rights, person, asked="", kind="flow", measure="energy", year=2025):
    catch_up(rights.bench.engine, (FLOWS,))
    rows = rights.reads(person, f"/flows?year={year}&measure={measure}{asked}")["items"]
    return {(row["origin"], row["use"]): int(row["amount"]) for row in rows if row["kind"] == kind}


def unbalanced(found):
    """Return the owners at which what comes in is not what goes out."""
    at = Counter()
    for (origin, use), amount in found.items():
        at[origin] -= amount
        at[use] += amount
    return {
        node: left
        for node, left in at.items()
        if left and node.split(":")[0] in ("district", "sector", "enterprise")
    }


def traded(rights):
    """E1 and E2 are issued allowances of 2025; E1 pays 1,000 and moves 3,000 to E3, gets 500."""
    issued(rights, year=2025)
    paying = {"enterprise": "E1", "year": 2025, "measure": "energy", "amount": "1000"}
    rights.agreed(C1, A1, "/surrenders", paying)
    lines = (
        Line("there", "enterprise:E1:holding", "enterprise:E3:holding", EN_2025, 3_000),
        Line("back", "enterprise:E3:holding", "enterprise:E1:holding", EN_2025, 500),
        Line("inside", "enterprise:E1:holding", "enterprise:E2:holding", EN_2025, 200),
    )
    rights.bench.both(PostLines(rule="REG-11", lines=lines)).require()


def held(rights, enterprises):
    """Return what enterprises hold of energy of 2025, by the balances and not by the journal."""
    query = sa.text(
        "SELECT COALESCE(SUM(b.amount), 0) FROM balances b"
        " JOIN accounts a ON a.id = b.account_id JOIN assets s ON s.id = b.asset_id"
        " WHERE s.code LIKE 'energy.flow.%.2025.%' AND a.address LIKE :owner"
    )
    with rights.bench.engine.connect() as connection:
        return sum(
            int(connection.execute(query, {"owner": f"enterprise:{one}:%"}).scalar_one())
            for one in enterprises
        )


def test_flows_balance_at_every_owner_and_agree_with_the_balances(rights):
    traded(rights)
    found = edges(rights, CITY)

    assert unbalanced(found) == {}
    assert found["district:990101", "district:990102"] == 2_500
    assert found["district:990101", "surrendered"] == 1_000
    assert found["allocation:benchmarking", "district:990101"] > 0
    assert found["district:990101", "held"] == held(rights, ("E1", "E2"))
    assert found["district:990102", "held"] == held(rights, ("E3",))
    came = sum(amount for (origin, _), amount in found.items() if "district" not in origin)
    went = sum(amount for (_, use), amount in found.items() if "district" not in use)
    assert came == went


def test_flows_are_grouped_by_sector_or_by_enterprise(rights):
    traded(rights)

    by_sector = edges(rights, CITY, "&by=sector")
    by_enterprise = edges(rights, CITY, "&by=enterprise")
    inside = edges(rights, CITY, "&by=enterprise&district=990101")

    assert unbalanced(by_sector) == unbalanced(by_enterprise) == {}
    assert by_sector["sector:TEXTILE", "sector:CEMENT"] == 200
    assert by_sector["sector:CEMENT", "held"] == held(rights, ("E2",))
    assert by_enterprise["enterprise:E1", "enterprise:E3"] == 2_500
    assert inside["enterprise:E1", "district:990102"] == 2_500
    assert ("district:990102", "held") not in inside


def test_a_district_sees_its_own_flows_and_others_only_as_counterparties(rights):
    traded(rights)

    own = edges(rights, D2, "&by=enterprise")

    assert own["district:990101", "enterprise:E3"] == 2_500
    assert {node for pair in own for node in pair if "enterprise" in node} == {"enterprise:E3"}
    assert ("district:990101", "surrendered") not in own
    path = "/flows?year=2025&measure=energy"
    assert rights.status("", path) == 401
    assert rights.status(C1, path) == 403
    for wrong in ("/flows?year=2025", "/flows?measure=energy", f"{path}&by=x", f"{path}&x=1"):
        assert rights.status(D2, wrong) in (400, 422)


def test_enterprises_are_shown_a_page_at_a_time_and_each_page_balances(rights, monkeypatch):
    traded(rights)
    monkeypatch.setattr(read_flows, "ENTERPRISES_AT_ONCE", 2)
    path = "/flows?year=2025&measure=energy&by=enterprise"

    first = edges(rights, CITY, "&by=enterprise")
    assert rights.reads(CITY, path)["next_after"] == "E2"
    second = edges(rights, CITY, "&by=enterprise&after=E2")

    assert rights.reads(CITY, f"{path}&after=E2")["next_after"] is None
    # At the districts of those who are on another page only what they traded is seen.
    assert unbalanced(first) == {"district:990102": 2_500}
    assert unbalanced(second) == {"district:990101": -2_500}
    assert first["enterprise:E1", "enterprise:E2"] == 200
    assert first["enterprise:E1", "district:990102"] == 2_500
    assert second["district:990101", "enterprise:E3"] == 2_500
    assert {node for pair in second for node in pair if "enterprise" in node} == {"enterprise:E3"}


def test_flows_say_through_which_entry_they_stand(rights):
    asked = "/flows?year=2025&measure=energy"
    before = rights.reads(CITY, asked)
    traded(rights)
    behind = rights.reads(CITY, asked)
    edges(rights, CITY)

    assert (before["through_entry"], before["items"]) == (0, [])
    assert (behind["through_entry"], behind["items"]) == (0, [])
    # The nine entries of the town, the budget, two allocations, a surrender, three transfers.
    assert rights.reads(CITY, asked)["through_entry"] == 16


def test_totals_are_listed_by_month_and_group(rights):
    traded(rights)
    edges(rights, CITY)

    rows = rights.turned(CITY, f"/flows/totals?asset={EN_2025}")

    told = [(row["month"], row["how"], row["giver"], row["taker"], row["amount"]) for row in rows]
    textile, cement = "enterprise:990101:TEXTILE", "enterprise:990101:CEMENT"
    other = "enterprise:990102:TEXTILE"
    budget = "district:990101:budget"
    assert set(told) == {
        ("2026-01", "allocation:benchmarking", budget, cement, "120000"),
        ("2026-01", "allocation:benchmarking", budget, textile, "60000"),
        ("2026-01", "budget", "scheme:issuance", budget, "1000000"),
        ("2026-01", "surrender", textile, "scheme:surrendered:2025", "1000"),
        ("2026-01", "transfer", other, textile, "500"),
        ("2026-01", "transfer", "scheme:issuance", cement, "1000"),
        ("2026-01", "transfer", "scheme:issuance", textile, "100000"),
        ("2026-01", "transfer", textile, cement, "200"),
        ("2026-01", "transfer", textile, other, "3000"),
    }
    assert len(told) == 9
    own = rights.turned(D2, f"/flows/totals?asset={EN_2025}")
    assert sorted((row["giver"], row["taker"], row["amount"]) for row in own) == [
        ("enterprise:990101:*", other, "3000"),
        (other, "enterprise:990101:*", "500"),
    ]
    assert rights.status(C1, "/flows/totals") == 403


def test_freed_quota_flows_apart_from_allowances(rights):
    accepted(rights)

    found = edges(rights, CITY, kind="standing", year=2026)

    # 600 kgce freed by E2's closure, of which 480 were retired for a project.
    assert found == {
        ("freed:closure", "district:990101"): 600,
        ("district:990101", "substituted"): 480,
        ("district:990101", "held"): 120,
    }
    assert edges(rights, D2, kind="standing", year=2026) == {}
    assert edges(rights, CITY, kind="standing", year=2025) == {}


def test_two_targets_are_assessed_once_every_figure_is_known(rights):
    """Intensity fell by 13.79 %: a base target of 13 is met, an incentive of 13.8 missed."""
    rows = [
        figure("energy_intensity", "0.58", "tce_per_10k_yuan", year=2020),
        figure("energy_intensity", "0.5", "tce_per_10k_yuan"),
        figure("energy_total", "100.1", "10k_tce"),
        figure("target_intensity_reduction", "13", "percent"),
        figure("target_intensity_reduction_incentive", "13.8", "percent"),
    ]
    rights.does(D1, "/figures", {"rows": rows})
    path = "/districts/990101/position?year=2025"
    assert rights.reads(D1, path)["assessment"] is None

    target = figure("energy_total_target", "100", "10k_tce")
    rights.does(D1, "/figures", {"rows": [target]})
    over = {"is_intensity_met": True, "total": "over", "is_passed": False}
    assert rights.reads(D1, path)["assessment"] == over
    met = figure("target_intensity_reduction_incentive", "13.7", "percent")
    rights.does(D1, "/figures", {"rows": [met]})
    exempt = {"is_intensity_met": True, "total": "exempt", "is_passed": True}
    assert rights.reads(D1, path)["assessment"] == exempt
