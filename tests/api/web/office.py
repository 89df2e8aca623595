"""What tests of the authority's and the public's pages share: text of a page, a form sent."""

import re
from html import unescape

from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.districts.enforce import BudgetLine, SetBudgets
from tests.api.rest.offices import FIRST_DISTRICT

_HIDDEN = re.compile(r"<script.*?</script>|<head.*?</head>", re.S)
_TAG = re.compile(r"<[^>]*>")


def text_of(answer):
    """Return what a page says, without its tags, with single spaces."""
    body = _TAG.sub(" ", _HIDDEN.sub(" ", answer.get_data(as_text=True)))
    return " ".join(unescape(body).split())


def look(client, path, *, language="zh", status=200):
    """Return what *client* reads at *path*, which must answer with *status*."""
    client.set_cookie("lang", language)
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code, text_of(answer)[:500])
    return text_of(answer)


def links(client, path):
    """Return where the page at *path* leads."""
    return re.findall(r'href="([^"]*)"', client.get(path).get_data(as_text=True))


def send(faced, client, path, fields, *, key=None):
    """Send a form under a fresh key."""
    return client.post(path, data={"key": key or f"form{next(faced.keys)}", **fields})


def capped(faced):
    """Give the first district 1,000 tce of 2026 and the second 500, by decision 预算1号."""
    rows = tuple(
        BudgetLine(district, 2026, "energy", amount, "预算1号")
        for district, amount in (("990101", 1_000_000), ("990102", 500_000))
    )
    faced.bench.both(SetBudgets(rows=rows)).require()


def planned(faced):
    """Plan 100 and 200 tce for E1 and E2, at 100 kgce a tonne of cement; return the hash."""
    capped(faced)
    rows = tuple(
        PlanLine(name, "cement", output, benchmark="100", method="benchmarking")
        for name, output in (("E1", 1_000), ("E2", 2_000))
    )
    plan = PlanAllocations(district="990101", year=2026, measure="energy", rows=rows)
    return faced.bench.do(plan, actor=FIRST_DISTRICT).require().result["plan_hash"]
