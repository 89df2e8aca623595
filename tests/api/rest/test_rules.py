"""The rule register over HTTP, in both languages."""

from tests.api.rest.offices import problem


def test_everybody_reads_what_a_rule_says(faced):
    public = faced.visit()

    whole = public.get("/api/v1/rules")
    one = public.get("/api/v1/rules/API-21").json
    few = public.get("/api/v1/rules?prefix=API-0").json["items"]

    assert len(whole.json["items"]) > 200
    assert one["sentence"].startswith("A receipt exists")
    assert one["sentence_zh"].startswith("检查点覆盖")
    assert one["status_zh"] == "本系统设定"
    assert [rule["id"] for rule in few][:2] == ["API-01", "API-02"]
    assert problem(public.get("/api/v1/rules/API-99")) == (404, "not_found")
    again = public.get("/api/v1/rules", headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304
