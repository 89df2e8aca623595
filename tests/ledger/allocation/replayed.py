"""Recompute a sheet from what it states alone, by arithmetic that is not the product's."""

from fractions import Fraction
from math import floor

import msgspec


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def listed(text: str) -> list[Fraction]:
    return [Fraction(each) for each in text.split(", ")]


def recomputed(step: dict) -> int | None:
    """The result that a step's inputs give; None where others' requests decide it too."""
    given = step["inputs"]
    number = {name: Fraction(text) for name, text in given.items() if ", " not in text}
    match step["name"]:
        case "quota by grandfathering":
            totals = listed(given["totals"])
            mean = sum(totals) / len(totals)
            kept = 1 - number["reduction"]
            return half_up(mean * kept * number["sector_coefficient"])
        case "quota by historic intensity":
            past = listed(given["intensities"])
            mean = sum(past) / len(past)
            return half_up(mean * (1 - number["reduction"]) * number["output"])
        case "quota by benchmarking":
            return half_up(number["benchmark"] * number["output"] * number["sector_coefficient"])
        case "scaling to the cap":
            return None
        case "pre-issue":
            return floor(number["quota"] * number["share"] / number["lot"]) * number["lot"]
        case "saleable part of the pre-issue":
            return floor(number["pre_issued"] * number["share"] / number["lot"]) * number["lot"]
        case "scaling as planned":
            return half_up(number["quota"] * number["granted"] / number["requested"])
        case "less quota freed before" | "less what the closure took":
            return max(0, number["quota"] - number["freed"])
        case "true-up":
            return number["final"] - number["pre_issued"]
    raise AssertionError(f"no test knows the step {step['name']}")


def replayed(sheet: str) -> list[str]:
    """Return the results of a sheet's steps, each recomputed and taken over by the next."""
    document = msgspec.json.decode(sheet)
    assert "@" in document["pack_version"]
    results = []
    for step in document["steps"]:
        if results:
            assert results[-1] in step["inputs"].values()
        expected = recomputed(step)
        if expected is None:
            share = Fraction(step["inputs"]["requested"]) / Fraction(
                step["inputs"]["total_requested"]
            )
            assert abs(share * Fraction(step["inputs"]["cap"]) - int(step["result"])) < 1
        else:
            assert int(step["result"]) == expected
        results.append(step["result"])
    return results
