"""What matches exactly, what nearly, and what only looks alike: a table worked by hand."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from ledger.coordination.duplicate import Record, Scheme, find_matches, matched, normalised

ONE = Record(
    key="claim:K1",
    scheme=Scheme.FREED,
    measure="energy",
    amount=10_000,
    first_day=date(2025, 1, 1),
    last_day=date(2025, 6, 30),
    facility="F1",
    holder="示例水泥有限公司",
    facility_name="一号线",
    credit_code="91990000MA0000001B",
    address="甲区工业路1号",
    equipment="NO-77",
    evidence="aa",
    decision="确权1号",
)
STRANGER = Record(
    key="outside:O1",
    scheme=Scheme.OTHER_PROVINCE,
    measure="energy",
    amount=77,
    first_day=date(2030, 1, 1),
    last_day=date(2030, 6, 30),
)


def other(**facts):
    return replace(STRANGER, **facts)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(
            {"facility": "F1", "first_day": date(2025, 6, 30), "last_day": date(2025, 12, 31)},
            "same_facility_days_measure",
            id="one facility and one common day",
        ),
        pytest.param(
            {
                "facility": "F1",
                "scheme": Scheme.CARBON,
                "measure": "carbon",
                "first_day": date(2025, 3, 1),
                "last_day": date(2025, 3, 1),
            },
            "same_facility_days_measure",
            id="a carbon project of the facility counts every measure",
        ),
        pytest.param({"evidence": "aa"}, "same_evidence", id="one evidence"),
        pytest.param(
            {"decision": "确权1号", "amount": 10_000}, "same_decision", id="decision and amount"
        ),
    ],
)
def test_what_is_the_same_by_form_is_exact(facts, reason):
    match = matched(other(**facts), ONE)

    assert match.is_exact
    assert (match.first, match.second, match.score) == ("claim:K1", "outside:O1", 100)
    assert match.reasons[0] == reason


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(
            {"facility": "F1", "first_day": date(2025, 7, 1), "last_day": date(2025, 12, 31)},
            id="the day after",
        ),
        pytest.param(
            {
                "facility": "F1",
                "measure": "coal",
                "first_day": date(2025, 6, 30),
                "last_day": date(2025, 12, 31),
            },
            id="another measure",
        ),
        pytest.param({"evidence": "aa", "measure": "coal"}, id="evidence of another measure"),
        pytest.param({"decision": "确权1号", "amount": 9_999}, id="one decision for many"),
        pytest.param({}, id="nothing"),
    ],
)
def test_what_differs_in_one_thing_is_not_exact(facts):
    match = matched(ONE, other(**facts))

    assert match is None or not match.is_exact


@pytest.mark.parametrize(
    ("mine", "theirs", "same"),
    [
        (("GEC", 1, 100), ("GEC", 100, 200), True),
        (("GEC", 1, 99), ("GEC", 100, 200), False),
        (("GEC", 1, 100), ("REC", 1, 100), False),
    ],
)
def test_certificates_are_the_same_by_one_common_serial(mine, theirs, same):
    one = replace(STRANGER, key="certificate:GEC/1", serials=mine)

    match = matched(one, other(serials=theirs))

    assert (match is not None and match.is_exact) == same


# Weights: equipment 35, evidence 30, credit code, address and name 20, decision, amount and days
# 15, adjacent days 10; from 50 on a near match is told.
DAYS = {"first_day": date(2025, 1, 1), "last_day": date(2025, 6, 30)}
NEXT = {"first_day": date(2025, 7, 1), "last_day": date(2025, 12, 31)}
CODE = {"credit_code": "91990000MA0000001B"}
NAME = {"holder": "示例水泥 股份有限公司", "facility_name": "一号线"}


@pytest.mark.parametrize(
    ("facts", "score"),
    [
        pytest.param({"equipment": "no 77", "amount": 9_900}, 50, id="35 + 15"),
        pytest.param({"equipment": "no 77", "amount": 9_899}, 0, id="35, amounts 1.01 % apart"),
        pytest.param({**CODE, **NAME, **NEXT}, 50, id="20 + 20 + 10, adjacent"),
        pytest.param({**CODE, **NAME}, 0, id="20 + 20"),
        pytest.param(
            {**CODE, "address": "甲区 工业路１号", **DAYS}, 55, id="20 + 20 + 15, wide digit"
        ),
        pytest.param({"evidence": "aa", "measure": "coal", **CODE}, 50, id="reused evidence"),
        pytest.param({**CODE, **DAYS}, 0, id="one firm's two lines: 20 + 15"),
        pytest.param(
            {**CODE, **NAME, **DAYS, "equipment": "NO77", "address": "甲区工业路1号"},
            100,
            id="35 + 20 + 20 + 20 + 15 is told as 100",
        ),
    ],
)
def test_likeness_is_weighed_by_the_published_table(facts, score):
    match = matched(ONE, other(**facts))

    assert (0 if match is None else match.score) == score
    assert match is None or not match.is_exact


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("示例水泥有限公司", "示例 水泥（股份有限公司）"),
        ("示例水泥集团有限公司", "示例水泥"),
        ("Sample Cement Co., Ltd.", "ＳＡＭＰＬＥ cement"),
    ],
)
def test_names_are_compared_without_width_spaces_and_endings(name, same):
    assert normalised(name) == normalised(same) != ""


def test_a_claim_is_never_its_own_duplicate_and_measures_of_a_pair_are_one_match():
    coal = replace(ONE, measure="coal")
    twin = replace(ONE, key="claim:K2")

    assert [(m.first, m.second) for m in find_matches([ONE, coal, twin])] == [
        ("claim:K1", "claim:K2")
    ]


def test_every_overlap_of_one_facility_is_found_however_many_claims_it_has():
    # 200 claims of half a year, each beginning a quarter after the one before: 199 overlaps.
    bare = Record("", Scheme.FREED, "energy", 1, date(2000, 1, 1), date(2000, 1, 1), facility="F1")
    starts = [date(2000, 1, 1) + timedelta(days=90 * n) for n in range(200)]
    claims = [
        replace(
            bare,
            key=f"claim:K{n:03}",
            amount=1_000 * (n + 1),
            first_day=day,
            last_day=day + timedelta(days=178),
        )
        for n, day in enumerate(starts)
    ]

    matches = find_matches(claims)

    names = [claim.key for claim in claims]
    assert sorted((m.first, m.second) for m in matches if m.is_exact) == list(pairwise(names))


def test_thousands_of_records_of_one_place_are_not_all_compared(monkeypatch):
    import ledger.coordination.duplicate as module

    compared = []
    monkeypatch.setattr(module, "_match", lambda one, *_: compared.append(one))
    records = [
        replace(STRANGER, key=f"outside:O{n}", address="工业园", amount=n + 1) for n in range(2_000)
    ]

    find_matches(records)

    # 24 neighbours and the first, of each: far from the 1,999,000 pairs there are.
    assert len(compared) < 2_000 * 26
