"""
Every route of the application with an example of a request, from tests/vectors/requests.toml.
"""

import re
from pathlib import Path

from api.matrix import ROLES, read_matrix
from api.program import subjects
from api.web import PAGES
from api.workbook_rows import workbook_rows
from tests.demo_files import toml

TABLE = toml(Path(__file__).parents[1] / "vectors" / "requests.toml")
PATH, ABSENT = TABLE.pop("path"), TABLE.pop("absent")
MATRIX, SUBJECTS = read_matrix(), subjects()
PART = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")
PAGE_AREAS = frozenset(page.name for page in PAGES)
NARROW = frozenset("OJG")


def of_area(endpoint):
    return endpoint.partition(".")[0]


AREAS = sorted({of_area(endpoint) for endpoint in MATRIX.routes})


class Request:
    """One route with its example: how to send it as somebody, and who may."""

    def __init__(self, rule, row):
        self.endpoint, self.rule, self.row = rule.endpoint, rule.rule, row
        methods = sorted(rule.methods - {"HEAD", "OPTIONS"})
        self.methods = methods
        self.writes = methods != ["GET"]
        self.parts = PART.findall(rule.rule)
        self.is_page = of_area(rule.endpoint) in PAGE_AREAS
        self.operation = MATRIX.operation(rule.endpoint)

    @property
    def is_complete(self):
        named = {**PATH, **self.row.get("path", {})}
        body = {"body", "form"} & self.row.keys()
        return named.keys() >= set(self.parts) and (not self.is_open_form or bool(body))

    @property
    def is_open_form(self):
        return self.is_page and self.methods == ["GET", "POST"]

    def send(self, town, client, method, *, absent=False, key="m"):
        """Send the example and return the answer."""
        path = self.path(town, absent=absent)
        keywords = {"headers": {"Idempotency-Key": f"{key}-{next(town.keys)}"}}
        keywords["headers"] |= of_things(town, self.row.get("headers", {}))
        if method in ("POST", "PATCH"):
            if "body" in self.row:
                keywords["json"] = of_things(town, self.row["body"])
            elif self.is_page:
                keywords["data"] = self.form(town)
        if self.row.get("stream"):
            keywords["buffered"] = False
        answer = client.open(path, method=method, **keywords)
        if not self.row.get("stream"):
            answer.get_data()
        answer.close()
        if answer.data.startswith(b"PK"):
            # The cells of a workbook as text, so that what it tells is looked at as well.
            rows = workbook_rows("answer", answer.data)
            answer.set_data("\n".join(" ".join(row) for row in rows))
        return answer

    def form(self, town):
        given = of_things(town, self.row.get("form", {}))
        return {"key": f"f{next(town.keys)}", "step": "place", **given}

    def path(self, town, *, absent=False):
        named = {**PATH, **self.row.get("path", {})}
        if absent:
            missing = {**ABSENT, **self.row.get("absent", {})}
            named |= {name: missing[name] for name in self.parts if name in missing}
        path = PART.sub(lambda part: str(of_things(town, named[part[1]])), self.rule)
        query = self.row.get("query")
        return f"{path}?{query}" if query else path

    def is_for(self, short):
        """Return whether the matrix lets this role, or everybody, through the door."""
        return self.operation.is_public or str(ROLES.get(short)) in self.operation.cells

    def is_narrow(self, short):
        """Return whether this role sees or does this for its own affairs only."""
        cell = self.operation.cells.get(str(ROLES.get(short)))
        return cell is not None and (cell.extent in NARROW or self.row.get("own", False))

    def is_made_by(self, short):
        """Return whether, of those let in, this role is one that the command itself takes."""
        if "only" in self.row:
            return short in self.row["only"]
        if "kind" in self.row:
            return ROLES.get(short) in SUBJECTS.handlers[self.row["kind"]].makers
        return True


def of_things(town, value):
    """Return an example with "the order" and the like replaced by what the town has."""
    if isinstance(value, dict):
        return {name: of_things(town, each) for name, each in value.items()}
    if isinstance(value, list):
        return [of_things(town, each) for each in value]
    return town.things.get(value, value) if isinstance(value, str) else value


def requests_of(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint in MATRIX.routes:
            yield Request(rule, TABLE.get(rule.endpoint, {}))
