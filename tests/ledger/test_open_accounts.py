"""Accounts outside a registration: nobody takes an address before its owner is there."""

import pytest

from ledger import register
from ledger.open_accounts import OpenAccounts
from ledger.parties.enroll import (
    DistrictLine,
    EnterpriseLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterSectors,
    SectorLine,
)
from ledger.parties.party import credit_check
from tests.build import EXCHANGE, open_ledger

E1 = EnterpriseLine(
    "E1", "示例一厂", "91990000MA0000011" + credit_check("91990000MA0000011"), "990101", "C26"
)


@pytest.fixture
def bench(engine, clock):
    bench = open_ledger(engine, clock)
    district = DistrictLine("990101", "示例区", "Sample", "", "sample")
    bench.do(RegisterDistricts(rows=(district,))).require()
    bench.do(RegisterSectors(rows=(SectorLine("C26", "化工", "Chemicals", "no"),))).require()
    return bench


def opening(*addresses, assets=()):
    return OpenAccounts(addresses=addresses, assets=assets)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("enterprise:E1:cash", "owner_not_registered"),
        ("enterprise:E1:holding", "owner_not_registered"),
        ("district:990102:budget", "owner_not_registered"),
        ("district:990102:held", "owner_not_registered"),
        ("source:S1", "owner_not_registered"),
        ("district:990101:budget", "account_already_open"),
        ("enterprise:E1:pocket", "account_malformed"),
        ("district:990101:held", "ok"),
        ("scheme:surrendered:2030", "ok"),
        ("scheme:substituted:P1", "ok"),
    ],
)
def test_an_account_opens_only_for_an_owner_who_is_there(bench, address, code):
    before = bench.digest()

    answer = bench.do(opening("scheme:surrendered:2031", address), actor=EXCHANGE)

    assert answer.code == code
    assert (bench.digest() == before) == (code != "ok")


def test_what_was_tried_before_does_not_stand_in_the_way_of_a_registration(bench):
    refused = bench.do(opening("enterprise:E1:cash"))
    registered = bench.do(RegisterEnterprises(rows=(E1,)))
    again = bench.do(opening("enterprise:E1:cash"))

    assert [each.code for each in (refused, registered, again)] == [
        "owner_not_registered",
        "ok",
        "account_already_open",
    ]


@pytest.mark.parametrize(("count", "code"), [(1_000, "ok"), (1_001, "too_many_addresses")])
def test_one_command_opens_a_thousand_accounts_or_assets(bench, count, code):
    years = tuple(f"scheme:surrendered:{year}" for year in range(3_000, 3_000 + count))
    codes = tuple(f"energy.flow.general.{year}.eq.990101" for year in range(3_000, 3_000 + count))

    accounts, assets = bench.do(opening(*years)), bench.do(opening(assets=codes))

    assert (accounts.code, assets.code) == (code, code)
    assert bench.do(opening()).ok


def test_a_ledger_has_no_more_assets_than_it_has_numbers_for(bench, monkeypatch):
    assert register.ASSETS_MAX == 1_048_575
    monkeypatch.setattr(register, "ASSETS_MAX", 3)  # cash and two more
    two = opening(assets=[f"energy.flow.general.{year}.eq.990101" for year in (2030, 2031)])
    third = opening("scheme:surrendered:2032", assets=("energy.flow.general.2032.eq.990101",))
    bench.do(two).require()
    before = bench.digest()

    answer = bench.do(third)

    assert (answer.code, answer.facts) == ("too_many_assets", {"largest": 3})
    assert bench.digest() == before
    assert bench.do(two).ok
