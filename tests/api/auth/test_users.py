"""Users: a login binds a person's powers, so two people bind it."""

import pytest

from api.auth.passwords import PasswordWeak
from api.auth.second_person import SamePersonConfirms
from api.auth.sessions import SessionInvalid, find
from api.auth.sign_in import CredentialsInvalid, persona_in, sign_in
from api.auth.user import (
    LoginTaken,
    OnlyHostBegins,
    PersonaHasNoPassword,
    PersonTaken,
    UserChanged,
    UserMalformed,
    UserNotNew,
    UserNotPending,
    UserUnknown,
)
from api.auth.users import (
    add_user,
    confirm_user,
    disable_user,
    enable_user,
    find_user,
    list_users,
    reject_user,
    set_language,
    set_password,
)
from ledger.roles import PersonMalformed
from tests.api.auth.people import HERE, NOW, RIGHT, WRONG, active, contents

REG = {"person": "person:REG1", "name": "王五", "now": NOW}
NEW = "four grey herons"


def test_the_host_makes_two_users_who_may_sign_in_at_once(store):
    assert [(each.login, each.state) for each in list_users(store)] == [
        ("sec1", "active"),
        ("sec2", "active"),
    ]
    assert sign_in(store, "sec1", RIGHT, HERE, NOW)


def test_the_host_makes_no_third_user(store):
    before = contents(store)

    with pytest.raises(OnlyHostBegins) as refused:
        add_user(store, "reg1", **REG, password=RIGHT)

    assert refused.value.facts == {"first_users": 2}
    assert contents(store) == before


def test_one_disabled_or_pending_still_counts_among_the_first_two(store):
    disable_user(store, "sec1", by="person:SEC2", now=NOW)

    with pytest.raises(OnlyHostBegins):
        add_user(store, "reg1", **REG, password=RIGHT)


def test_a_user_added_by_an_officer_waits_for_another(store):
    added = add_user(store, "reg1", **REG, by="person:SEC1", password=RIGHT)

    assert (added.state, added.proposed_by, added.confirmed_by) == ("pending", "person:SEC1", None)
    with pytest.raises(CredentialsInvalid):
        sign_in(store, "reg1", RIGHT, HERE, NOW)


def test_a_user_whom_another_officer_confirms_may_sign_in(store):
    add_user(store, "reg1", **REG, by="person:SEC1", password=RIGHT)

    confirmed = confirm_user(store, "reg1", person="person:REG1", by="person:SEC2", now=NOW + 7)

    assert (confirmed.state, confirmed.confirmed_by) == ("active", "person:SEC2")
    assert confirmed.confirmed_at == NOW + 7
    assert sign_in(store, "reg1", RIGHT, HERE, NOW)


@pytest.mark.parametrize("by", ["person:SEC1", "person:REG1"])
def test_neither_the_adder_nor_the_person_concerned_confirms(store, by):
    add_user(store, "reg1", **REG, by="person:SEC1", password=RIGHT)
    before = contents(store)

    with pytest.raises(SamePersonConfirms) as refused:
        confirm_user(store, "reg1", person="person:REG1", by=by, now=NOW)

    assert refused.value.facts == {"person": by, "what": "user reg1"}
    assert contents(store) == before


def test_the_host_is_no_second_person(store):
    add_user(store, "reg1", **REG, by="person:SEC1", password=RIGHT)

    with pytest.raises(PersonMalformed):
        confirm_user(store, "reg1", person="person:REG1", by="host", now=NOW)


def test_a_login_given_to_another_person_meanwhile_is_not_confirmed(store):
    add_user(store, "li", person="person:CLERK", name="李", now=NOW, by="person:SEC1")
    reject_user(store, "li")
    add_user(store, "li", person="person:REG1", name="李", now=NOW, by="person:SEC1")

    with pytest.raises(UserChanged):
        confirm_user(store, "li", person="person:CLERK", by="person:SEC2", now=NOW)

    assert find_user(store, "li").state == "pending"


def test_a_confirmed_user_is_not_confirmed_again(store):
    active(store, "reg1", "person:REG1")

    with pytest.raises(UserNotPending):
        confirm_user(store, "reg1", person="person:REG1", by="person:SEC2", now=NOW)


def test_a_user_never_confirmed_can_be_taken_back_and_the_login_is_free_again(store):
    add_user(store, "reg1", **REG, by="person:SEC1")

    reject_user(store, "reg1")

    with pytest.raises(UserUnknown):
        find_user(store, "reg1")
    assert add_user(store, "reg1", **REG, by="person:SEC2").proposed_by == "person:SEC2"


def test_a_user_once_confirmed_is_not_taken_back(store):
    active(store, "reg1", "person:REG1")
    set_password(store, "reg1", NEW, by="person:SEC1", now=NOW)
    before = contents(store)

    with pytest.raises(UserNotNew):
        reject_user(store, "reg1")

    assert contents(store) == before


def test_a_login_is_kept_in_one_form_however_it_is_typed(store):
    forms = [
        ("Reg1", "reg1"),
        ("  reg1 ", "reg1"),
        ("ｒｅｇ１", "reg1"),
        ("A.b-c_d@e", "a.b-c_d@e"),
    ]
    for login, kept in forms:
        assert add_user(store, login, **REG, by="person:SEC1").login == kept
        assert find_user(store, login).login == kept
        reject_user(store, login)


NO_LOGINS = ("", "a", "-a", "a-", "a b", "王五", "a\x00b", "\ud800a", "a" * 65, "a\nb", "а1")


def test_a_login_of_another_form_is_refused_and_never_found(store):
    before = contents(store)

    for login in NO_LOGINS:
        with pytest.raises(UserMalformed) as refused:
            add_user(store, login, **REG, by="person:SEC1")
        assert refused.value.facts["field"] == "login"
        with pytest.raises(UserUnknown):
            find_user(store, login)

    assert contents(store) == before


def test_a_login_has_2_to_64_characters(store):
    for login in ("ab", "a" * 64):
        assert add_user(store, login, **REG, by="person:SEC1").login == login
        reject_user(store, login)


def test_a_name_has_1_to_60_characters_that_can_be_shown(store):
    for name in ("", "   ", "王" * 61, "a\nb", "a\x00b", "\u202eabc", "\ud800"):
        with pytest.raises(UserMalformed) as refused:
            add_user(store, "reg1", person="person:REG1", name=name, now=NOW, by="person:SEC1")
        assert refused.value.facts["field"] == "name"


def test_a_name_is_kept_as_it_is_written(store):
    for number, name in enumerate(["王", "王" * 60, "O'Neill-Šášek", "<script>"]):
        added = add_user(
            store, f"u{number}", person=f"person:U{number}", name=name, now=NOW, by="person:SEC1"
        )
        assert added.name == name
        assert find_user(store, f"u{number}").name == name


def test_a_user_acts_as_a_person_and_nothing_else(store):
    for person in ("REG1", "person:", "person:reg1", "system:clock", ""):
        with pytest.raises(PersonMalformed):
            add_user(store, "reg1", person=person, name="王五", now=NOW, by="person:SEC1")


def test_a_login_has_one_user(store):
    before = contents(store)

    with pytest.raises(LoginTaken):
        add_user(store, "SEC1", **REG, by="person:SEC1")

    assert contents(store) == before


def test_a_person_has_one_login(store):
    with pytest.raises(PersonTaken) as refused:
        add_user(store, "other", person="person:SEC1", name="张三", now=NOW, by="person:SEC2")

    assert refused.value.facts == {"person": "person:SEC1"}


def test_a_login_that_is_taken_is_told_before_the_person(store):
    with pytest.raises(LoginTaken):
        add_user(store, "sec1", person="person:SEC2", name="张三", now=NOW, by="person:SEC2")


def test_a_weak_password_adds_nobody(store):
    before = contents(store)

    with pytest.raises(PasswordWeak):
        add_user(store, "reg1", **REG, by="person:SEC1", password="short")

    assert contents(store) == before


def test_a_disabled_user_is_out_at_once_and_signs_in_no_more(store):
    token = sign_in(store, "sec1", RIGHT, HERE, NOW)

    assert disable_user(store, "sec1", by="person:SEC2", now=NOW).state == "disabled"

    with pytest.raises(SessionInvalid):
        find(store, token, NOW)
    with pytest.raises(CredentialsInvalid):
        sign_in(store, "sec1", RIGHT, HERE, NOW)


def test_an_enabled_user_signs_in_anew_but_old_sessions_stay_closed(store):
    token = sign_in(store, "sec1", RIGHT, HERE, NOW)
    disable_user(store, "sec1", by="person:SEC2", now=NOW)

    assert enable_user(store, "sec1").state == "active"

    with pytest.raises(SessionInvalid):
        find(store, token, NOW)
    assert sign_in(store, "sec1", RIGHT, HERE, NOW)


def test_a_pending_user_does_not_become_active_by_being_disabled_and_enabled(store):
    add_user(store, "reg1", **REG, by="person:SEC1", password=RIGHT)
    disable_user(store, "reg1", by="person:SEC1", now=NOW)

    assert enable_user(store, "reg1").state == "pending"


def test_ones_own_new_password_works_at_once_and_the_old_one_no_more(store):
    set_password(store, "sec1", NEW, by="person:SEC1", now=NOW)

    assert sign_in(store, "sec1", NEW, HERE, NOW)
    with pytest.raises(CredentialsInvalid):
        sign_in(store, "sec1", RIGHT, HERE, NOW)


def test_a_new_password_ends_every_session(store):
    tokens = [sign_in(store, "sec1", RIGHT, HERE, NOW) for _ in range(2)]
    others = sign_in(store, "sec2", RIGHT, HERE, NOW)

    set_password(store, "sec1", NEW, by="person:SEC1", now=NOW)

    for token in tokens:
        with pytest.raises(SessionInvalid):
            find(store, token, NOW)
    assert find(store, others, NOW).login == "sec2"


def test_anothers_password_set_by_an_officer_works_only_after_a_second_confirms(store):
    active(store, "reg1", "person:REG1")

    changed = set_password(store, "reg1", NEW, by="person:SEC2", now=NOW)

    assert (changed.state, changed.proposed_by) == ("pending", "person:SEC2")
    with pytest.raises(CredentialsInvalid):
        sign_in(store, "reg1", NEW, HERE, NOW)
    with pytest.raises(SamePersonConfirms):
        confirm_user(store, "reg1", person="person:REG1", by="person:SEC2", now=NOW)
    confirm_user(store, "reg1", person="person:REG1", by="person:SEC1", now=NOW)
    assert sign_in(store, "reg1", NEW, HERE, NOW)


def test_an_officer_cannot_take_over_the_other_officer_alone(store):
    set_password(store, "sec1", NEW, by="person:SEC2", now=NOW)

    with pytest.raises(CredentialsInvalid):
        sign_in(store, "sec1", NEW, HERE, NOW)


def test_the_host_sets_a_password_alone_while_there_are_two_users_and_not_with_three(store):
    assert set_password(store, "sec1", NEW, by="host", now=NOW).state == "active"

    active(store, "reg1", "person:REG1")

    assert set_password(store, "sec1", RIGHT, by="host", now=NOW).state == "pending"


def test_a_weak_password_changes_nothing(store):
    before = contents(store)

    with pytest.raises(PasswordWeak):
        set_password(store, "sec1", "sec1", by="person:SEC1", now=NOW)

    assert contents(store) == before


def test_a_persona_is_active_at_once_and_counts_not_among_the_first_users(empty_store):
    for number in range(3):
        added = add_user(
            empty_store,
            f"persona{number}",
            person=f"person:P{number}",
            name="示例",
            now=NOW,
            persona=True,
        )
        assert (added.state, added.is_persona, added.has_password) == ("active", True, False)

    first = add_user(
        empty_store, "sec1", person="person:SEC1", name="张三", now=NOW, password=RIGHT
    )
    assert first.state == "active"


def test_a_persona_has_no_password_and_gets_none(store):
    with pytest.raises(PersonaHasNoPassword):
        add_user(store, "actor", **REG, persona=True, password=RIGHT)
    add_user(store, "actor", **REG, persona=True)
    with pytest.raises(PersonaHasNoPassword):
        set_password(store, "actor", RIGHT, by="person:SEC1", now=NOW)
    for tried in ("", RIGHT, WRONG):
        with pytest.raises(CredentialsInvalid):
            sign_in(store, "actor", tried, HERE, NOW)

    assert persona_in(store, "actor", NOW)


def test_a_user_is_addressed_in_the_language_set(store):
    assert find_user(store, "sec1").language == "zh"
    assert set_language(store, "sec1", "en").language == "en"
    with pytest.raises(UserMalformed):
        set_language(store, "sec1", "fr")
    assert find_user(store, "sec1").language == "en"


def test_a_user_who_is_not_there_is_named(store):
    for change in (
        lambda: confirm_user(store, "x1", person="person:X", by="person:SEC1", now=NOW),
        lambda: reject_user(store, "x1"),
        lambda: disable_user(store, "x1", by="person:SEC1", now=NOW),
        lambda: enable_user(store, "x1"),
        lambda: set_password(store, "x1", NEW, by="person:SEC1", now=NOW),
        lambda: set_language(store, "x1", "en"),
    ):
        with pytest.raises(UserUnknown) as refused:
            change()
        assert refused.value.facts == {"login": "x1"}
