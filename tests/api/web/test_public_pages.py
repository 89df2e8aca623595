"""What everybody may read: figures, parameters and rules with sources, proofs, receipts checked."""

import io
import json

import pytest

from api.read.receipt_check import CHECKS
from api.web.public_proofs import CHECK_WORDS, KNOWN
from ledger.waive import WaiveParameters, WaiverLine
from tests.api.rest.offices import sign
from tests.api.rest.test_receipts import ordered
from tests.api.web.office import look, text_of

PAGES = (
    "/public/",
    "/public/instruments/EN-25",
    "/public/packs",
    "/public/packs/sample",
    "/public/packs/national",
    "/public/rules",
    "/public/rules/CMP-04",
    "/public/checkpoints",
    "/public/check",
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_open_to_the_public_in_both_languages(faced, language):
    sign(faced)
    client = faced.visit()

    for path in PAGES:
        page = look(client, path, language=language)
        assert " — " not in page.replace("— test", ""), path
        assert "Undefined" not in page, path
        assert ("公开信息" in page) == (language == "zh"), path


PARAMETERS = "/public/packs/sample/parameters"


def test_a_parameter_stands_with_value_unit_days_and_standing(faced):
    page = look(faced.visit(), "/public/packs/sample")

    assert "shortfall.grace_days 清缴宽限天数 0 天 2025-01-01 起 示例" in page
    assert "继承关系" in page
    look(faced.visit(), "/public/packs/nowhere", status=404)


def test_a_clerk_sees_which_value_holds_why_and_who_is_overruled(faced):
    shown = f"{PARAMETERS}/shortfall.grace_days"
    page = look(faced.visit(), f"{shown}?on=2025-01-01")

    assert "清缴宽限天数" in page
    assert "适用数值： 0 天 示例" in page
    assert "示例省 适用 0 天 2025-01-01 起 示例" in page
    assert "全国（缺省） 被下级覆盖 0 天 2021-01-01 起 本系统设定" in page
    before = look(faced.visit(), f"{shown}?on=2024-12-31")
    assert "适用数值： 0 天 本系统设定" in before
    assert "示例省 未规定" in before
    # What is no law is never shown as law, and its waivers stand beside it.
    analogue = f"{PARAMETERS}/freed.closure_credit"
    line = WaiverLine(
        "national", "freed.closure_credit", "2030-01-01", "2030-12-31", "会议纪要七号"
    )
    faced.bench.both(WaiveParameters(rows=(line,))).require()

    page = look(faced.visit(), analogue)

    assert "该数值未经原文核对，不是法规规定" in page
    assert "2030-01-01 – 2030-12-31" in page
    assert "会议纪要七号" in page
    nothing = look(faced.visit(), f"{PARAMETERS}/market.continuous_approval_number")
    assert "当日没有任何参数包规定该参数" in nothing
    look(faced.visit(), f"{PARAMETERS}/no.such_key", status=404)
    look(faced.visit(), "/public/packs/nowhere/parameters/banking", status=404)


def test_a_rule_is_shown_in_both_languages_with_its_source(faced):
    page = look(faced.visit(), "/public/rules/CMP-04")

    assert "自截止日次日起未足额清缴为未履约，截止日当日有效。" in page
    assert "An enterprise is short from the day after the deadline" in page
    assert "本系统设定，没有法规原文" in page
    body = faced.visit().get("/public/rules").get_data(as_text=True)
    assert 'id="CMP-04"' in body
    look(faced.visit(), "/public/rules/XXX-99", status=404)


def test_quotes_are_public_and_name_nobody(faced):
    page = look(faced.visit(), "/public/")

    assert "EN-25" in page
    assert "E1" not in page
    look(faced.visit(), "/public/instruments/EN-99", status=404)


def test_a_checkpoint_is_shown_as_it_was_signed(faced):
    assert "尚未签发检查点" in look(faced.visit(), "/public/checkpoints")
    note, _ = sign(faced)

    page = look(faced.visit(), "/public/checkpoints")

    assert note.splitlines()[2] in page
    assert "yongneng verify-export" in page


def receipt(faced):
    client, answer = ordered(faced)
    _, key = sign(faced)
    found = client.get(f"/api/v1/commands/{answer['sequence']}/receipt")
    assert found.status_code == 200, found.text
    return found.json, key


def checked(faced, text, key="", *, as_file=False):
    fields = {"key": key}
    if as_file:
        fields["file"] = (io.BytesIO(text.encode()), "receipt.json")
    else:
        fields["receipt"] = text
    client = faced.visit("person:T1")
    client.set_cookie("lang", "zh")
    answer = client.post("/public/check", data=fields, content_type="multipart/form-data")
    assert answer.status_code == 200, answer.status_code
    return text_of(answer)


@pytest.mark.parametrize("as_file", [False, True])
def test_a_true_receipt_passes_every_check_in_words(faced, as_file):
    found, key = receipt(faced)
    before = faced.digest()

    page = checked(faced, json.dumps(found), key, as_file=as_file)

    assert "核对通过" in page
    assert "✓ 检查点由所给公钥签名" in page
    assert "✓ 检查点是本账本公布的" in page
    assert "✗" not in page
    assert faced.digest() == before


def test_without_a_key_the_signature_is_named_as_not_shown(faced):
    found, _ = receipt(faced)

    page = checked(faced, json.dumps(found))

    assert "核对通过" in page
    assert "未提供公钥，因此没有核对检查点的签名。" in page


def test_a_changed_receipt_fails_where_it_was_changed(faced):
    found, key = receipt(faced)
    found["command"]["fields"]["payload"] += " "

    page = checked(faced, json.dumps(found), key)

    assert "核对未通过" in page
    assert "✗ 命令内容与摘要一致：不成立" in page
    assert "· 答复与摘要一致：未进行" in page


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "[" * 5_000, '{"format":', "{}", "\ufffd"])
def test_what_is_no_receipt_is_said_to_be_none(faced, text):
    page = checked(faced, text)

    assert "核对未通过" in page
    assert "✗ 回执格式完整：不成立" in page


def test_the_receipt_of_another_ledger_is_not_ours(faced):
    found, _ = receipt(faced)
    lines = found["checkpoint"].splitlines()
    lines[0] = "yongneng/test/elsewhere"
    found["checkpoint"] = "\n".join(lines) + "\n"

    page = checked(faced, json.dumps(found))

    assert "✗ 检查点是本账本公布的：不成立" in page


def test_every_check_has_words():
    assert set(CHECK_WORDS) == {*CHECKS, KNOWN}
