"""What a project promised against what its enterprise uses more."""

import pytest

from ledger.substitution.closed_loop import YearOfUse, years_of_use


@pytest.mark.parametrize(
    ("used", "told"),
    [
        ({}, ()),
        ({2025: 700}, ()),
        ({2026: 1_000}, (YearOfUse(2026, 1_000, None, None),)),
        ({2024: 1, 2025: 700, 2026: 1_000}, (YearOfUse(2026, 1_000, 300, 0),)),
        (
            {2027: 1_001, 2025: 700, 2026: 999},
            (YearOfUse(2026, 999, 299, -1), YearOfUse(2027, 1_001, 301, 1)),
        ),
    ],
)
def test_use_is_compared_with_the_year_before_commissioning(used, told):
    """A project that adds 300 and runs since 2026; the year before is 2025."""
    assert years_of_use(added=300, used=used, commissioned=2026) == told
