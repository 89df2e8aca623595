"""
What changes where a policy pack takes the place of an earlier version: which key, from which day.

The first version of a pack may hold past values: that is its history. A later one leaves every
past day as it was, since figures rest on it, and begins anew after it was published.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from ledger.errors import Refused
from ledger.pack import Pack, Parameter, version_of

_DAY = timedelta(days=1)


class ParameterEffectiveInThePast(Refused):
    """A later version of a pack changes what held on a day that is gone or too near."""

    code = "parameter_effective_in_the_past"
    rule = "POL-10"

    def __init__(self, pack: str, *, key: str, valid_from: date, earliest: date) -> None:
        super().__init__(
            f"Pack {pack} changes {key} from {valid_from}: a version that takes the place of one in"
            f" force changes nothing before {earliest}; let the old value run until the day before,"
            " or publish earlier",
            pack=pack,
            key=key,
            valid_from=valid_from.isoformat(),
            earliest=earliest.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """From *first_day* on, *after* holds for *key* where *before* held; None is no value."""

    key: str
    first_day: date
    before: Parameter | None
    after: Parameter | None

    @property
    def is_of_value(self) -> bool:
        """Return whether the value itself changes, not only its source or standing."""
        return _worth(self.before) != _worth(self.after)


def changes(before: Sequence[Pack], after: Sequence[Pack]) -> list[Change]:
    """
    Return what differs between two chains of packs (most local first), by key and day.

    Rule: POL-10.
    """
    old, new = _by_key(before), _by_key(after)
    found: list[Change] = []
    for key in sorted(old.keys() | new.keys()):
        was, becomes = old.get(key, []), new.get(key, [])
        if was != becomes:
            found += _changes_of(key, was, becomes)
    return found


def require_later(
    pack: Pack, before: Sequence[Pack], after: Sequence[Pack], *, earliest: date
) -> list[Change]:
    """
    Return the changes of a later version, or refuse one that changes a value before *earliest*.

    A value may be given a better source or another standing for days that are gone.

    Rule: POL-10.
    """
    found = changes(before, after)
    for change in found:
        if change.is_of_value and change.first_day < earliest:
            raise ParameterEffectiveInThePast(
                pack.id, key=change.key, valid_from=change.first_day, earliest=earliest
            )
    return found


def carried_on(before: Pack | None, after: Pack, *, first_day: date) -> Pack:
    """
    Return *after* as if it began on *first_day*, with the values of *before* until then.

    Where nothing was in force before, nothing holds before *first_day*. Rule: POL-10.
    """
    kept = [] if before is None else list(_before(before.parameters, first_day))
    begun = _since(after.parameters, first_day)
    listed = sorted([*kept, *begun], key=lambda each: (each.key, each.valid_from))
    joined = replace(after, parameters=tuple(_joined(listed)))
    return replace(joined, version=version_of(joined))


def most_local(packs: Iterable[Iterable[Parameter]], on: date) -> Parameter | None:
    """Return what holds on a day of the values of one key, given pack by pack, or None."""
    standing = (each for listed in packs for each in listed if each.is_in_force(on))
    return next(standing, None)


def turning_days(parameters: Iterable[Parameter]) -> set[date]:
    """Return each day on which one of the values begins to hold or has ceased to."""
    days = set()
    for each in parameters:
        days.add(each.valid_from)
        if each.valid_to is not None and each.valid_to < date.max:  # no day follows the last one
            days.add(each.valid_to + _DAY)
    return days


def _by_key(packs: Sequence[Pack]) -> dict[str, list[list[Parameter]]]:
    """Return the values of each key as one list for each pack that has any, in their order."""
    found: dict[str, list[list[Parameter]]] = {}
    for pack in packs:
        own: dict[str, list[Parameter]] = {}
        for each in pack.parameters:
            own.setdefault(each.key, []).append(each)
        for key, listed in own.items():
            found.setdefault(key, []).append(listed)
    return found


def _changes_of(
    key: str, old: list[list[Parameter]], new: list[list[Parameter]]
) -> Iterator[Change]:
    days = sorted(turning_days(each for listed in (*old, *new) for each in listed))
    last: tuple[Parameter | None, Parameter | None] | None = None
    for day in days:
        pair = most_local(old, day), most_local(new, day)
        if _told(pair[0]) != _told(pair[1]) and pair != last:
            yield Change(key, day, *pair)
        last = pair


def _told(parameter: Parameter | None) -> Parameter | None:
    """Return a value without its days: where it stands is told by the day asked about."""
    if parameter is None:
        return None
    return replace(parameter, valid_from=date.min, valid_to=None)


def _worth(parameter: Parameter | None) -> object:
    return None if parameter is None else (parameter.value, parameter.unit)


def _before(parameters: Iterable[Parameter], first_day: date) -> Iterator[Parameter]:
    for each in parameters:
        if each.valid_from < first_day:
            last_day = first_day - _DAY
            ends = last_day if each.valid_to is None else min(each.valid_to, last_day)
            yield replace(each, valid_to=ends)


def _since(parameters: Iterable[Parameter], first_day: date) -> Iterator[Parameter]:
    for each in parameters:
        if each.valid_to is None or each.valid_to >= first_day:
            yield replace(each, valid_from=max(each.valid_from, first_day))


def _joined(parameters: Iterable[Parameter]) -> Iterator[Parameter]:
    """Yield the values with each joined to the next one where the second only carries it on."""
    held: Parameter | None = None
    for each in parameters:
        if held is not None and _carries_on(held, each):
            held = replace(held, valid_to=each.valid_to)
            continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held


def _carries_on(first: Parameter, second: Parameter) -> bool:
    if first.key != second.key or first.valid_to is None:
        return False
    return first.valid_to == second.valid_from - _DAY and _told(first) == _told(second)
