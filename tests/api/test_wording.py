"""Every refusal says in two languages what was refused; the texts and the classes agree."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from dataclasses import replace

import pytest

import api.wording as wording_module
from api.program import subjects
from api.wording import MARKS, STATUSES, read_wording
from ledger.asset import Origin
from ledger.compliance.book import YearState
from ledger.entry import EntryCode
from ledger.errors import Refused, refusal_classes
from ledger.metering.carriers import Basis
from ledger.metering.report_state import ReportState
from ledger.subject import Role
from ledger.transfer import REVERSIBLE
from market import open_tender, place, run_tender
from market.calendar import Phase
from market.order import Side, Validity
from market.tender import TenderState
from market.venue import Mode

LAYERS = ("ledger", "market", "api")
WORDING = read_wording()
HAN = re.compile(r"[\u4e00-\u9fff]")
UNITS = {"_kgce": "tce", "_kg": "tce", "_fen": "yuan", "_at": "time"}
"""The endings of facts in minor units, and the mark that shows them as people read them."""

# The faces of the product are being written: their rows stand here before their classes do, and
# a few (internal_error, what the server itself refuses) are said without one. A row whose class
# has come may stay in this list; one that is not in it must have a class.
DECLARED_AHEAD = {
    "body_missing",
    "body_too_large",
    "busy",
    "credentials_invalid",
    "csrf",
    "cursor_invalid",
    "date_invalid",
    "filter_unknown",
    "headers_too_large",
    "host_invalid",
    "idempotency_key_invalid",
    "idempotency_key_missing",
    "internal_error",
    "json_duplicate_key",
    "json_invalid",
    "json_too_deep",
    "key_invalid",
    "media_type",
    "method_not_allowed",
    "not_found",
    "not_permitted",
    "not_signed_in",
    "not_there_yet",
    "page_invalid",
    "range_invalid",
    "rate_limited",
    "request_too_slow",
    "session_invalid",
    "streams_full",
    "text_invalid",
    "too_many_attempts",
    "type_mismatch",
    "version_required",
    "version_stale",
}


@pytest.fixture(scope="module")
def classes():
    """Every refusal class of the product by its code, found by importing all of it."""
    for layer in LAYERS:
        package = importlib.import_module(layer)
        for module in pkgutil.walk_packages(package.__path__, f"{layer}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = [each for each in refusal_classes() if each.__module__.split(".")[0] in LAYERS]
    return {each.code: each for each in found}


def facts_of(kind):
    """Return the names of the facts that a class passes on, read from its own text."""
    owner = next(each for each in kind.__mro__ if "__init__" in vars(each))
    if owner is Refused:
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner.__init__)))
    named = {
        keyword.arg
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
        for keyword in call.keywords
        if keyword.arg is not None
    }
    parent = owner.__bases__[0]
    if parent is Refused or ", **facts)" in inspect.getsource(parent.__init__):
        return named
    return facts_of(parent)


def zh(code, **facts):
    """Return the Chinese sentence of *code* with *facts*."""
    return WORDING.detail(code, "REG-01", "said in English", facts, "zh")


def test_every_refusal_class_has_a_row(classes):
    assert sorted(set(classes) - set(WORDING.texts)) == []


def test_every_row_has_a_class_unless_it_is_declared_ahead(classes):
    assert sorted(set(WORDING.texts) - set(classes) - DECLARED_AHEAD) == []


def test_every_row_declared_ahead_is_there():
    assert sorted(DECLARED_AHEAD - set(WORDING.texts)) == []


def test_every_placeholder_is_a_fact_that_the_class_passes(classes):
    strange = {
        f"{code}: {name}"
        for code, text in WORDING.texts.items()
        for name, _ in text.placeholders()
        if code in classes and name not in facts_of(classes[code])
    }

    assert strange == set()


def test_a_row_declared_ahead_names_no_fact_as_none_is_known_yet(classes):
    early = DECLARED_AHEAD - set(classes)

    assert [code for code in sorted(early) if WORDING.texts[code].placeholders() != ()] == []


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("insufficient_balance", {"account", "asset", "needed", "available"}),
        ("file_not_utf8", {"file", "problem"}),  # by the parent's own call
        ("field_unknown", {"kind", "problem", "field"}),  # without a call of its own
        ("root_mismatch", {"expected", "calculated"}),  # through a parent that takes any
        ("entry_empty", set()),
    ],
)
def test_the_facts_of_a_class_are_found_in_its_text(classes, code, facts):
    assert facts_of(classes[code]) == facts


def test_no_brace_of_a_template_is_anything_but_a_placeholder():
    left = [
        code
        for code, text in WORDING.texts.items()
        if re.search(r"[{}]", re.sub(r"\{[a-z0-9_]+(:[a-z]+)?\}", "", text.detail_zh))
    ]

    assert left == []


def test_no_template_is_longer_than_160_characters_and_no_title_than_50():
    long = [
        code
        for code, text in WORDING.texts.items()
        if len(text.detail_zh) > 160 or len(text.title) > 50 or len(text.title_zh) > 20
    ]

    assert long == []


def test_every_text_is_in_its_language_and_every_chinese_sentence_ends():
    odd = [
        code
        for code, text in WORDING.texts.items()
        if HAN.search(text.title)
        or not text.title.strip()
        or not HAN.search(text.title_zh)
        or not HAN.search(text.detail_zh)
        or not text.detail_zh.endswith("。")
    ]

    assert odd == []


def test_every_status_and_every_mark_is_a_declared_one():
    assert {text.status for text in WORDING.texts.values()} <= STATUSES
    marks = {mark for text in WORDING.texts.values() for _, mark in text.placeholders()}
    assert marks - {""} <= MARKS


def test_facts_in_minor_units_are_shown_in_the_units_of_people():
    bare = [
        f"{code}: {name}"
        for code, text in WORDING.texts.items()
        for name, mark in text.placeholders()
        for ending, wanted in UNITS.items()
        if name.endswith(ending) and mark != wanted
    ]

    assert bare == []


@pytest.mark.parametrize(
    "closed_set", [Basis, Mode, Origin, Phase, ReportState, Role, Side, TenderState, Validity]
)
def test_every_word_of_the_closed_sets_that_facts_hold_is_known_in_chinese(closed_set):
    assert [each.value for each in closed_set if each.value not in WORDING.words] == []


def test_every_kind_of_command_and_state_of_a_year_is_known_in_chinese():
    kinds = [*subjects().handlers, *(state.value for state in YearState)]

    assert [kind for kind in kinds if kind not in WORDING.words] == []


def test_every_kind_of_entry_that_cannot_be_reversed_has_its_reason_in_chinese():
    closed = [code for code in EntryCode if code not in {*REVERSIBLE, EntryCode.REVERSAL}]
    reasons = [f"a {code} is final or corrected by its own subject" for code in closed]

    assert [reason for reason in reasons if reason not in WORDING.words] == []


def test_every_purpose_of_a_hold_of_the_market_is_known_in_chinese():
    purposes = (place.HOLD_PURPOSE, open_tender.HOLD_PURPOSE, run_tender.HOLD_PURPOSE)

    assert [one for one in purposes if one not in WORDING.words] == []


def test_every_word_is_translated():
    assert [word for word, said in WORDING.words.items() if not HAN.search(said)] == []


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("json_invalid", 400),
        ("idempotency_key_missing", 400),
        ("credentials_invalid", 401),
        ("role_missing", 403),
        ("same_person", 403),
        ("csrf", 403),
        ("order_unknown", 404),
        ("account_unknown", 404),
        ("method_not_allowed", 405),
        ("request_too_slow", 408),
        ("insufficient_quota", 409),
        ("deadline_passed", 409),
        ("entry_closed", 409),
        ("proposal_changed", 409),
        ("epoch_stale", 409),
        ("version_stale", 412),
        ("body_too_large", 413),
        ("media_type", 415),
        ("command_id_reused", 422),
        ("over_surrender", 422),
        ("off_lot", 422),
        ("factor_unknown", 422),
        ("version_required", 428),
        ("rate_limited", 429),
        ("headers_too_large", 431),
        ("outcome_unknown", 503),
        ("busy", 503),
    ],
)
def test_the_status_is_that_of_the_catalogue_of_bad_input(code, status):
    assert WORDING.status(code) == status


@pytest.mark.parametrize(
    ("code", "facts", "said"),
    [
        (
            "insufficient_quota",
            {"account": "enterprise:E1:holding", "needed_kgce": 20_000, "available_kgce": 1},
            "账户 enterprise:E1:holding 可用 0.001 吨，需要 20.000 吨。请减少卖出数量。",
        ),
        (
            "insufficient_cash",
            {"account": "A", "needed_fen": 93_940_001, "fee_fen": 1, "available_fen": 0},
            "账户 A 可用 0.00 元，需要 939,400.01 元（含手续费 0.01 元）。请先入金或减少数量。",
        ),
        (
            "insufficient_balance",
            {"account": "A", "asset": "cash.cny", "needed": 12_345, "available": 99},
            "账户 A 可用 0.99 元，需要 123.45 元（资产 cash.cny）。请减少数量或先补足。",
        ),
        (
            "claim_exceeded",
            {
                "enterprise": "E1",
                "asset": "coal.flow.general.2026.na.370100",
                "needed": 2_000,
                "available": 1_500,
            },
            "E1 只欠 1.500 吨煤（资产 coal.flow.general.2026.na.370100），不能清偿 2.000 吨煤。"
            "请减少数量。",
        ),
        (
            "budget_exceeded",
            {
                "district": "370200",
                "year": 2026,
                "measure": "energy",
                "needed": 1_234_567,
                "available": 0,
            },
            "370200 2026 年能耗预算需要 1,234.567 吨标准煤，未安排的只有 0.000 吨标准煤。"
            "请减少或先调整预算。",
        ),
        (
            "expiry_passed",
            {"expires_at": 1_782_781_199_999_999, "now": 1_782_781_200_000_000},
            "锁定的到期时间 2026-06-30 08:59:59 早于当前时间 2026-06-30 09:00:00。"
            "请改为以后的时间。",
        ),
        (
            "own_order_opposite",
            {"order_id": 7, "side": "buy", "price_fen": 20_000},
            "本集团申报 7（买入，200.00 元）可能与本笔成交。请改价避开，或先撤销该申报。",
        ),
        (
            "entry_closed",
            {"phase": "halted", "accepted_phases": "call, continuous"},
            "市场处于“停牌”，不接受申报。可申报的时段：集合竞价、连续竞价。",
        ),
        (
            "outside_band",
            {"price_fen": 22_001, "low_fen": 18_000, "high_fen": 22_000},
            "价格 220.01 元超出今日范围，每吨须在 180.00 元至 220.00 元之间。",
        ),
        (
            "off_tick",
            {"price_fen": 1_001, "tick_fen": 5, "nearest_below_fen": 1_000}
            | {"nearest_above_fen": 1_005},
            "价格 10.01 元不是 0.05 元的整倍数。最近的价格是 10.00 元和 10.05 元。",
        ),
        (
            "off_lot",
            {"quantity_tce": 11, "lot_tce": 10, "nearest_below_tce": 10, "nearest_above_tce": 20},
            "数量 11 吨不是 10 吨的整倍数。最近的数量是 10 吨和 20 吨。",
        ),
        (
            "over_surrender",
            {"amount": 10_001, "outstanding": 10_000},
            "拟清缴 10.001 吨，只欠 10.000 吨。清缴不可退回，请减少数量。",
        ),
        (
            "deadline_passed",
            {"compliance_year": 2026, "last_day": "2027-06-30", "today": "2027-07-01"},
            "2026 年度的清缴截至 2027-06-30 当日结束，今天是 2027-07-01。请联系主管部门。",
        ),
        (
            "role_missing",
            {"actor": "person:P1", "kind": "orders.place", "scope": "enterprise:E1"}
            | {"needed": "city_regulator, enterprise_trader"},
            "person:P1 不能在范围“enterprise:E1”办理“买卖申报”，"
            "须有以下角色之一：省市主管部门、企业交易员。",
        ),
        (
            "same_person",
            {"person": "person:P1", "proposal": 12},
            "复核申请 12 由 person:P1 提出，须由另一人复核。",
        ),
        (
            "proposal_closed",
            {"proposal": 12, "state": "expired"},
            "复核申请 12 已过期，不能再办理。如仍需要，请重新申请。",
        ),
        (
            "rows_refused",
            {"rows": 100, "refused": 2, "codes": "party_exists,row_ragged"},
            "100 行中有 2 行未通过，整批未受理。原因：已经登记、列数不对。请改正后重新提交。",
        ),
        (
            "compliance_year_state",
            {"compliance_year": 2026, "state": "closed", "needed": "open or closing"},
            "2026 履约年度为“已关闭”，此项须在“开放或关闭中”时办理。",
        ),
        (
            "report_locked",
            {"enterprise": "E1", "year": 2026, "version": 2, "state": "final"}
            | {"accepted": "a draft or returned"},
            "E1 2026 年报告第 2 版为“终版”，此项须在“草稿或已退回”状态下办理。",
        ),
        (
            "consumption_negative",
            {"energy_kgce": -1_234_567, "coal_kg": 0},
            "各项合计 -1,234.567 吨标准煤、0.000 吨煤。外供和转换产出不得超过购入量，请核对。",
        ),
        (
            "verifier_unfit",
            {"person": "person:V1", "enterprise": "E1", "reason": "acts for its own group"},
            "person:V1 不能核查 E1 的报告：代表该企业所在集团。请改派他人。",
        ),
        ("entry_empty", {}, "凭证至少要有一条分录。请补充后重新提交。"),
    ],
)
def test_the_chinese_sentence_of_a_refusal_is_spelled_out_with_its_facts(code, facts, said):
    assert zh(code, **facts) == said


def test_english_is_the_refusals_own_sentence():
    said = WORDING.detail("same_person", "REG-22", "P1 made it", {"proposal": 1}, "en")

    assert said == "P1 made it"
    assert WORDING.detail("same_person", "REG-22", "", {}, "en") == "Same person"
    assert WORDING.title("same_person", "en") == "Same person"
    assert WORDING.title("same_person", "zh") == "不能复核本人的申请"


def test_a_missing_or_empty_fact_shows_as_a_dash_in_every_template():
    assert zh("same_person", proposal=3) == "复核申请 3 由 — 提出，须由另一人复核。"
    assert zh("same_person", proposal=0, person="") == "复核申请 0 由 — 提出，须由另一人复核。"
    for code, text in WORDING.texts.items():
        assert ("—" in zh(code)) == bool(text.placeholders()), code


@pytest.mark.parametrize("value", ["text", "", "{person}", -1, 0, 10**40, True, "a" * 5_000])
def test_no_fact_makes_a_template_fail(value):
    for code, text in WORDING.texts.items():
        assert zh(code, **{name: value for name, _ in text.placeholders()}), code


def test_what_a_fact_holds_is_never_read_as_a_template():
    said = zh("same_person", person="{proposal:tce}", proposal=1)

    assert said == "复核申请 1 由 {proposal:tce} 提出，须由另一人复核。"


def test_a_long_fact_is_cut_at_200_characters():
    assert zh("meter_exists", meter="x" * 201).count("x") == 200


def test_signs_that_cannot_be_shown_or_sent_are_replaced_in_a_fact():
    said = zh("person_malformed", person="person:P1\n\ud800\x00")

    assert said == "“person:P1���”不是人员编号，正确写法如 person:P001。"
    assert zh("entry_closed", phase="a\ud800", accepted_phases="b\ud800, call").encode()


def test_text_where_an_amount_is_expected_stays_as_it_is():
    said = zh("over_surrender", amount="ten", outstanding=1_000)

    assert said == "拟清缴 ten 吨，只欠 1.000 吨。清缴不可退回，请减少数量。"


def test_an_amount_of_unknown_measure_says_that_it_is_in_minor_units():
    said = zh("hold_exceeded", hold=4, needed=1_000, available=999)

    assert said == "锁定 4 还剩 999（最小单位），不足 1,000（最小单位）。请减少数量。"


def test_an_instant_beyond_the_calendar_is_shown_as_it_was_sent():
    assert "9" * 18 in zh("expiry_passed", expires_at=int("9" * 18), now=0)


def test_an_unknown_word_stays_and_its_neighbours_are_translated():
    said = zh("entry_closed", phase="twilight", accepted_phases="call, twilight")

    assert said == "市场处于“twilight”，不接受申报。可申报的时段：集合竞价、twilight。"


def test_a_code_without_a_row_says_its_rule_and_is_422():
    rule = WORDING.rules["MKT-28"]

    assert WORDING.detail("new_code", "MKT-28", "said", {"a": 1}, "zh") == rule.sentence_zh
    assert WORDING.detail("new_code", "MKT-28", "said", {}, "en") == "said"
    assert WORDING.detail("new_code", "MKT-28", "", {}, "en") == rule.sentence
    assert WORDING.detail("new_code", "XXX-99", "said", {}, "zh") == "said"
    assert WORDING.detail("new_code", "", "", {}, "zh") == "未予受理"
    assert WORDING.title("new_code", "zh") == "未予受理"
    assert WORDING.title("new_code", "en") == "Refused"
    assert WORDING.status("new_code") == 422


def test_the_product_starts_only_with_a_row_for_every_code(classes):
    WORDING.require_complete()
    WORDING.require_complete([])
    with pytest.raises(AssertionError, match="no row for new_code"):
        WORDING.require_complete(["same_person", "new_code"])


@pytest.mark.parametrize(
    ("change", "says"),
    [({"status": 418}, "418 is not a declared status"), ({"detail_zh": "{a:b}"}, "no format mark")],
)
def test_the_product_starts_only_with_sound_rows(change, says):
    faulty = replace(WORDING.texts["same_person"], **change)
    wording = replace(WORDING, texts={"same_person": faulty})

    with pytest.raises(AssertionError, match=says):
        wording.require_complete([])


def test_a_refusal_of_a_test_needs_no_row():
    class Planted(Refused):
        code = "planted_by_a_test"
        rule = "REG-01"

    WORDING.require_complete()
    assert Planted.__module__ == __name__


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a]\nstatus = 409\ntitle = 'A'\ntitle_zh = '甲'\n", "a has the fields"),
        ("[a]\nstatus = 409\ntitle = 'A'\ntitle_zh = '甲'\ndetail_zh = '。'\nx = 1\n", "fields"),
    ],
)
def test_a_row_has_exactly_four_fields(tmp_path, monkeypatch, text, says):
    write(tmp_path, monkeypatch, one=text)

    with pytest.raises(AssertionError, match=says):
        read_wording()


def test_a_code_has_one_row_in_all_files(tmp_path, monkeypatch):
    row = "[a]\nstatus = 409\ntitle = 'A'\ntitle_zh = '甲'\ndetail_zh = '甲。'\n"
    write(tmp_path, monkeypatch, one=row, two=row)

    with pytest.raises(AssertionError, match=r"two\.toml: a has a row already"):
        read_wording()


def write(directory, monkeypatch, **files):
    """Let *directory* stand in for `seeds/refusals`, holding *files*."""
    monkeypatch.setattr(wording_module, "TEXTS", directory)
    for name, text in files.items():
        (directory / f"{name}.toml").write_text(text, encoding="utf-8")
