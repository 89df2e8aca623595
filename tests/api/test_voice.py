"""What the demonstration says: all of it in either language, within a page, and silent if asked."""

import io
import re
import time
import tomllib
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from api.demo import words
from api.demo.play import play
from api.demo.summary import tell
from api.demo.voice import WIDTH, Voice, broken, pieces
from api.demo.words import Words
from ledger.db import sqlite_url

ROOT = Path(__file__).resolve().parents[2]
HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")
BARE = re.compile(r"(?<![\w.,])[0-9]{6,}(?![\w.,])")  # minor units, which no sentence should show
DIGEST = "20b4b01e03034fb01f326dda8e219326edfd1dbc8879e96cc4b9009d4bbd0d51"


def all_words():
    """Return every pair of words of the module, by where it stands."""
    found = {}
    for table, held in vars(words).items():
        items = held.items() if isinstance(held, dict) and table.isupper() else [("", held)]
        for name, one in items:
            pairs = [one] if isinstance(one, Words) else one
            if isinstance(pairs, list | tuple) and all(isinstance(each, Words) for each in pairs):
                found |= {f"{table} {name} {at}": each for at, each in enumerate(pairs)}
    return found


def speaking(language, *, width=WIDTH):
    """Return a voice and the text that it fills."""
    said = io.StringIO()
    return Voice(language, console=Console(file=said, width=width, highlight=False)), said


class Chorus:
    """Says the same in both languages."""

    def __init__(self, *voices):
        self.voices = voices

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __getattr__(self, name):
        def say(*arguments, **named):
            kept = [list(each) if hasattr(each, "__next__") else each for each in arguments]
            for voice in self.voices:
                getattr(voice, name)(*kept, **named)

        return say


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """The whole account of one year, by language."""
    home = tmp_path_factory.mktemp("account")
    (zh, zh_said), (en, en_said) = speaking("zh"), speaking("en")
    chorus = Chorus(zh, en)
    tell(chorus, play(sqlite_url(home), home, voice=chorus, started=time.monotonic()))
    return {"zh": zh_said.getvalue(), "en": en_said.getvalue()}


def test_the_words_of_every_table_are_found():
    assert {key.split()[0] for key in all_words()} >= {
        *("MEASURES", "MEASURE_UNITS", "FIGURE_UNITS", "PUBLISHED", "STATUSES"),
        *("PENALTIES", "FACTS", "VALUES", "FIGURES", "TCE", "YES", "NO"),
    }


@pytest.mark.parametrize("pair", all_words().values(), ids=all_words())
def test_every_phrase_is_there_in_both_languages_and_in_no_other(pair):
    if pair.zh not in ("", "%"):
        assert HAN.search(pair.zh)
    if pair.zh in ("%", "家", "条", "张", "笔", ""):  # English has no classifiers
        assert pair.en in ("%", "")
    else:
        assert pair.en
    assert not HAN.search(pair.en)


def test_all_that_the_story_names_has_words():
    story = tomllib.loads((ROOT / "seeds/demo/story.toml").read_text(encoding="utf-8"))
    listed = tomllib.loads((ROOT / "seeds/demo/figures.toml").read_text(encoding="utf-8"))

    added = {one["measure"] for one in story["project"]["addition"]}

    assert added <= set(words.MEASURES) == set(words.MEASURE_UNITS)
    assert {one["figure"] for one in listed["figure"]} <= set(words.PUBLISHED)


@pytest.mark.parametrize(
    ("measure", "minor", "zh", "en"),
    [
        ("energy", 2_267_297, "2,267.297 吨标准煤", "2,267.297 tce"),
        ("coal", 64_641_977, "64,641.977 吨", "64,641.977 t"),
        ("carbon", 1, "0.001 吨二氧化碳", "0.001 t of CO2"),
        ("capacity-clinker", 750_000, "750,000 吨/年", "750,000 t a year"),
    ],
)
def test_an_amount_carries_the_unit_of_its_measure(measure, minor, zh, en):
    assert words.amount(measure, minor) == (zh, en)


def test_money_carries_its_unit():
    assert words.yuan(93_940_000) == ("939,400.00 元", "939,400.00 yuan")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "zh",
            "  拒绝：方案 A，measure_short（SUB-06）\n"
            "      规则：各指标全部满足方为通过；"
            "按产能、煤炭、能耗、碳排放、污染物顺序指出首个缺口。\n"
            "      事实：指标 碳排放；需要 584,999.999 吨二氧化碳；缺 0.001 吨二氧化碳。\n",
        ),
        (
            "en",
            "  Refused: plan A, measure_short (SUB-06)\n"
            "      Rule: A plan passes when every measure is covered; "
            "the first short one is named in the order\n"
            "        capacity, coal, energy, carbon, pollutants.\n"
            "      Facts: measure carbon; needed 584,999.999 t of CO2; short by 0.001 t of CO2.\n",
        ),
    ],
)
def test_a_refusal_has_its_code_its_rule_and_its_facts(language, expected):
    voice, said = speaking(language)

    voice.refused(
        Words("方案 A", "plan A"),
        code="measure_short",
        rule="SUB-06",
        facts={"measure": "carbon", "needed": 584_999_999, "short": 1},
        measure="carbon",
    )

    assert said.getvalue() == expected


def test_a_refusal_without_facts_has_no_line_for_them():
    voice, said = speaking("en")

    voice.refused(Words("甲", "A"), code="order_final", rule="MKT-36", facts={})

    assert said.getvalue() == (
        "  Refused: A, order_final (MKT-36)\n      Rule: Only an open order can be cancelled.\n"
    )


def test_a_silent_voice_prints_nothing(capsys):
    voice = Voice("zh", silent=True)

    with voice:
        voice.chapter(zh="开账", en="Begin")
        voice.say(zh="句子", en="A sentence")
        voice.why(zh="缘由", en="A reason")
        voice.progress(7)
        voice.refused(Words("甲", "A"), code="order_final", rule="MKT-36", facts={"short": 1})
        voice.table(Words("表", "Table"), (Words("列", "Column"),), [("1",)])

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("width", [40, 60, WIDTH])
def test_a_table_never_cuts_a_digest(width):
    voice, said = speaking("zh", width=width)

    voice.table(
        Words("表", "Table"),
        (Words("账本", "ledger"), Words("摘要", "digest")),
        [(Words("原账本", "played"), DIGEST)],
    )

    assert "…" not in said.getvalue()
    shown = re.sub(r"[^0-9a-f]", "", said.getvalue())
    assert shown == DIGEST


def test_a_table_without_rows_is_not_shown():
    voice, said = speaking("zh")

    voice.table(Words("表", "Table"), (Words("列", "Column"),), [])

    assert said.getvalue() == ""


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("缺口 2,267.297 吨，扣减。", ["缺口", "2,267.297", "吨，扣减。"]),
        ("甲乙丙丁戊己，庚", ["甲乙丙丁戊", "己，庚"]),  # no line begins with a comma
        ("word after word", ["word after", "word"]),
        ("一二三四（五）", ["一二三四", "（五）"]),  # nor ends with an opening bracket
        ("", [""]),
    ],
)
def test_a_line_is_broken_where_one_may_break_it(sentence, lines):
    assert list(broken(pieces(sentence), 11)) == lines


@pytest.mark.slow
def test_the_english_account_has_no_chinese_in_it(account):
    assert [line for line in account["en"].splitlines() if HAN.search(line)] == []


@pytest.mark.slow
def test_the_chinese_account_has_no_english_sentence_in_it(account):
    assert [line for line in account["zh"].splitlines() if ENGLISH.search(line)] == []


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_account_keeps_to_its_width_and_cuts_nothing(account, language):
    text = account[language]

    assert max(map(cell_len, text.splitlines())) <= WIDTH
    assert "…" not in text
    assert BARE.findall(text) == []


@pytest.mark.slow
@pytest.mark.parametrize(("language", "why"), [("zh", "  说明："), ("en", "  Why: ")])
def test_every_chapter_ends_with_one_line_of_explanation(account, language, why):
    chapters = re.split(r"^.*─+$", account[language], flags=re.MULTILINE)[1:]

    assert len(chapters) == 12
    for chapter in chapters:
        assert chapter.rstrip().splitlines()[-1].startswith(why)
        assert chapter.count(why) == 1


@pytest.mark.slow
def test_both_accounts_show_the_same_tables(account):
    numbers = {
        language: re.findall(r"^  (?:QD|JN|LY|DS|AS)-[EC]25 .*$", text, re.MULTILINE)
        for language, text in account.items()
    }

    assert len(numbers["zh"]) == 30  # six instruments on five days
    assert [row.split() for row in numbers["zh"]] == [row.split() for row in numbers["en"]]
