"""Policy packs over HTTP: every value with its days and its source."""

import json
from datetime import timedelta

import pytest

import seeds
from api.pack_files import require_known_keys
from ledger.adopt import AdoptPack, Policy
from ledger.approve import proposing
from ledger.days import day_of
from ledger.parameter_register import ParameterKeyUnknown
from ledger.policy import to_plain
from ledger.waive import WaiveParameters, WaiverLine
from tests.api.rest.offices import ids, problem
from tests.build import REGULATOR

PATH = "/api/v1/packs"


def test_everybody_reads_each_value_with_its_source(faced):
    public = faced.visit()

    assert ids(public.get(PATH)) == ["national", "sample"]
    sample = public.get(f"{PATH}/sample").json
    assert (sample["name"], sample["parent"], sample["is_sample"]) == ("示例省", "national", True)
    grace = [each for each in sample["parameters"] if each["key"] == "shortfall.grace_days"]
    assert [(each["value"], each["unit"], each["status"]) for each in grace] == [
        ("0", "day", "sample")
    ]
    assert (grace[0]["valid_from"], grace[0]["valid_to"]) == ("2025-01-01", None)
    assert (grace[0]["document"], grace[0]["status_zh"], grace[0]["is_law"]) == (
        "tests",
        "示例",
        False,
    )
    assert len(sample["parameters"]) == sample["parameter_count"]
    assert problem(public.get(f"{PATH}/atlantis")) == (404, "not_found")


def test_parameters_are_narrowed_by_day_and_by_key(faced):
    public = faced.visit()

    def keys(query):
        answer = public.get(f"{PATH}/sample?{query}")
        assert answer.status_code == 200, answer.text
        return [each["key"] for each in answer.json["parameters"]]

    assert keys("on=2024-12-31&prefix=shortfall.grace") == []
    assert keys("on=2025-01-01&prefix=shortfall.grace") == ["shortfall.grace_days"]
    assert problem(public.get(f"{PATH}/sample?on=2025-02-30")) == (400, "date_invalid")


def test_a_pack_is_adopted_by_two_and_refused_malformed_when_it_takes_effect(faced):
    content = json.dumps(to_plain(seeds.read_pack("jinan")), ensure_ascii=False)
    trader = faced.post(faced.visit("person:T1"), PATH, {"content": content})
    assert problem(trader) == (403, "not_permitted")

    answer = faced.post(faced.visit(REGULATOR), PATH, {"content": content})

    assert answer.status_code == 202, answer.text
    assert ids(faced.visit().get(PATH)) == ["national", "sample"]
    assert [each["id"] for each in faced.visit().get(f"{PATH}/sample/versions").json["items"]] == [
        "sample"
    ]


def the_value_that_wins_is_told_with_what_it_overrules(faced):
    public = faced.visit()

    def shown(query):
        answer = public.get(f"{PATH}/sample/parameters?{query}")
        assert answer.status_code == 200, answer.text
        return [
            (each["pack"], each["value"], each["overruled"], each["is_law"])
            for each in answer.json["items"]
        ]

    assert shown("on=2024-12-31&prefix=shortfall.grace") == [("national", "0", [], False)]
    assert shown("on=2025-01-01&prefix=shortfall.grace") == [("sample", "0", ["national"], False)]
    assert shown("on=2020-12-31&prefix=shortfall.grace") == []
    assert problem(public.get(f"{PATH}/atlantis/parameters")) == (404, "not_found")
    assert problem(public.get(f"{PATH}/sample/parameters?on=soon")) == (400, "date_invalid")


def one_key_is_told_with_everyone_who_was_heard(faced):
    public = faced.visit()

    told = public.get(f"{PATH}/sample/parameters/shortfall.next_year_multiplier?on=2026-01-01").json

    assert [
        (each["pack"], each["outcome"], each["parameter"]["value"]) for each in told["heard"]
    ] == [
        ("sample", "wins", "2"),
        ("national", "overruled", "1"),
    ]
    assert (told["in_force"]["value"], told["meaning_zh"]) == ("2", "下年度扣减倍数")
    assert told["elsewhere"] == []
    silent = public.get(f"{PATH}/national/parameters/market.continuous_approval_number").json
    assert silent["in_force"] is None
    assert {each["outcome"] for each in silent["heard"]} == {"silent"}
    assert problem(public.get(f"{PATH}/sample/parameters/no.such")) == (404, "not_found")


def a_slip_of_the_pen_in_a_key_is_caught_at_the_door(faced):
    plain = to_plain(seeds.read_pack("jinan"))
    plain["parameter"][0]["key"] = "shortfal.grace_days"
    body = {"content": json.dumps(plain, ensure_ascii=False)}

    answer = faced.post(faced.visit(REGULATOR), PATH, body)

    assert problem(answer) == (422, "pack_key_unknown")
    assert answer.json["facts"]["nearest"] == "shortfall.grace_days"
    generic = {"kind": "packs.adopt", "document": body}
    before = faced.bench.digest()
    proposed = faced.post(faced.visit(REGULATOR), "/api/v1/proposals", generic)
    assert problem(proposed) == (422, "pack_key_unknown")
    assert faced.bench.digest() == before
    for payload in (AdoptPack(**body), proposing(AdoptPack(**body))):
        with pytest.raises(ParameterKeyUnknown):
            require_known_keys(payload)


def other_places_say_otherwise_without_being_heard(faced):
    for name in ("shandong", "qingdao"):
        content = json.dumps(to_plain(seeds.read_pack(name)), ensure_ascii=False)
        faced.bench.both(AdoptPack(content=content)).require()

    told = faced.visit().get(f"{PATH}/sample/parameters/substitution.class_barrier").json

    assert [each["pack"] for each in told["heard"]] == ["sample", "national"]
    assert [each["pack"] for each in told["elsewhere"]] == ["qingdao", "shandong"]


def what_a_later_version_changed_is_public_and_the_past_is_not_for_changing(faced):
    plain = to_plain(faced.bench.writer.memory.cache(Policy).packs["sample"])
    (grace,) = [each for each in plain["parameter"] if each["key"] == "shortfall.grace_days"]
    others = [each for each in plain["parameter"] if each is not grace]
    today = day_of(faced.bench.clock())
    tomorrow = today + timedelta(days=1)
    kept = {**grace, "valid_to": today.isoformat()}
    for first, code in ((today, "parameter_effective_in_the_past"), (tomorrow, "ok")):
        ends = (first - timedelta(days=1)).isoformat()
        new = {**grace, "value": 5, "valid_from": first.isoformat()}
        plain["parameter"] = [*others, {**kept, "valid_to": ends}, new]
        answer = faced.bench.both(AdoptPack(content=json.dumps(plain, ensure_ascii=False)))
        assert answer.code == code

    (change,) = faced.visit().get(f"{PATH}/sample/changes").json["items"]

    assert (change["key"], change["first_day"]) == ("shortfall.grace_days", tomorrow.isoformat())
    assert (change["before"]["value"], change["after"]["value"]) == ("0", "5")
    assert faced.visit().get(f"{PATH}/national/changes").json == {"items": []}
    assert problem(faced.visit().get(f"{PATH}/atlantis/changes")) == (404, "not_found")


def waivers_are_proposed_by_one_approved_by_another_and_public(faced):
    row = {
        "pack": "national",
        "key": "freed.closure_credit",
        "first_day": "2030-01-01",
        "last_day": "2030-12-31",
        "reason": "会议纪要",
    }
    assert problem(faced.post(faced.visit("person:T1"), "/api/v1/waivers", {"rows": [row]})) == (
        403,
        "not_permitted",
    )

    sent = faced.post(faced.visit(REGULATOR), "/api/v1/waivers", {"rows": [row]})

    assert sent.status_code == 202, sent.text
    query = "/api/v1/waivers?pack=national&key=freed.closure_credit"
    before = len(faced.visit().get(query).json["items"])
    line = WaiverLine(**row)
    faced.bench.both(WaiveParameters(rows=(line,))).require()
    newest, *others = faced.visit().get(query).json["items"]
    assert len(others) == before
    assert {name: newest[name] for name in row} == row
    assert newest["value"] == '"previous_year"'


def test_a_clerk_reads_what_holds_and_a_slip_is_caught(faced):
    the_value_that_wins_is_told_with_what_it_overrules(faced)
    one_key_is_told_with_everyone_who_was_heard(faced)
    a_slip_of_the_pen_in_a_key_is_caught_at_the_door(faced)


def test_what_others_say_what_changed_and_what_is_waived_is_public(faced):
    other_places_say_otherwise_without_being_heard(faced)
    what_a_later_version_changed_is_public_and_the_past_is_not_for_changing(faced)
    waivers_are_proposed_by_one_approved_by_another_and_public(faced)
