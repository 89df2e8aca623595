"""Policy packs over HTTP: every value with its days and its source."""

import json

import seeds
from ledger.policy import to_plain
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
