"""The second person: what one has asked for, another confirms. Rule: AUT-02."""

from ledger.errors import Refused


class SamePersonConfirms(Refused):
    """The person who would confirm is the one who asked, or the one it is about."""

    code = "same_person_confirms"
    rule = "AUT-02"

    def __init__(self, person: str, what: str) -> None:
        super().__init__(
            f"{person} cannot confirm {what}, being concerned; another person must",
            person=person,
            what=what,
        )


def require_another(person: str, *concerned: str, what: str) -> None:
    """Refuse *person* as the second one when among those *concerned*. Rule: AUT-02."""
    if person in concerned:
        raise SamePersonConfirms(person, what)
