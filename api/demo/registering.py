"""
The two-high register in the demonstration: a list is adopted, the project is entered, and moves on.
"""

from hashlib import sha256
from typing import Any

import seeds
from api.demo.cast import REG1, REG2, place
from api.demo.stage import Stage
from ledger.command import read_payload
from ledger.days import day_of
from ledger.substitution.commission import CommissionProject
from ledger.substitution.industry import AdoptIndustries
from ledger.substitution.register import EnterTwoHigh, TwoHighLine
from ledger.substitution.register_steps import ClassifyTwoHigh, MoveTwoHigh

LIST = "shandong_2022_01"


def enter(stage: Stage, item: dict[str, Any]) -> None:
    """Adopt the province's list and enter the project of the story as proposed."""
    listed = seeds.read_industry_lists()[LIST]
    adopted = read_payload(AdoptIndustries, {**listed, "valid_from": str(listed["valid_from"])})
    stage.do_both(adopted, maker=REG1, checker=REG2)
    review_by = day_of(stage.clock.now).replace(year=day_of(stage.clock.now).year + 1)
    line = TwoHighLine(
        entry=_entry(item),
        name=item["name"],
        enterprise=item["enterprise"],
        industry=item["industry"],
        state="proposed",
        adds_capacity="yes",
        energy_kgce=next(one["added"] for one in item["addition"] if one["measure"] == "energy"),
        review_by=review_by,
        project=item["project"],
    )
    officer = place(item["district"]).officer
    document = item["decision"]
    entering = EnterTwoHigh(district=item["district"], document=document, rows=(line,))
    stage.do(entering, actor=officer)
    classified = ClassifyTwoHigh(
        entry=line.entry, disposition="upgrade", document=document, review_by=review_by
    )
    stage.do(classified, actor=officer)
    stage.voice.say(
        zh=f"{item['name']}按省级目录列入“两高”清单（拟建），替代通过后方可开工。",
        en=f"{item['name_en']} enters the two-high register as proposed; it is built once its "
        "substitution is accepted.",
    )


def let_run(stage: Stage, item: dict[str, Any]) -> None:
    """Move the accepted project on: under construction, commissioned, existing."""
    officer, document = place(item["district"]).officer, item["decision"]
    for state in ("under_construction", "existing"):
        if state == "existing":
            running = CommissionProject(
                project=item["project"],
                commissioned_on=day_of(stage.clock.now),
                document=document,
                evidence=sha256(document.encode()).hexdigest(),
            )
            stage.do(running, actor=officer)
        stage.do(MoveTwoHigh(entry=_entry(item), state=state, document=document), actor=officer)


def _entry(item: dict[str, Any]) -> str:
    return f"TH-{item['project']}"
