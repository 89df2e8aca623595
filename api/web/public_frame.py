"""
What the public's pages stand on: their blueprint and the words for how far a value is trusted.
"""

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from api.web.shown import t

public = Blueprint("public", __name__, url_prefix="/public")

STATUSES = {
    "confirmed": ("已核对原文", "checked with the text"),
    "analogue": ("参照其他地区或市场", "by analogy with another place"),
    "unconfirmed": ("未核实", "not confirmed"),
    "decided_here": ("本系统设定", "decided here"),
    "sample": ("示例", "sample"),
}


def status_word(status: str) -> str:
    """Return how far a value or rule may be trusted, in words."""
    return t(*STATUSES.get(status, (status, status)))


@public.record_once
def _give_words(state: BlueprintSetupState) -> None:
    """Give templates the words of these pages."""
    state.app.jinja_env.globals.update(status_word=status_word)
