"""Each audience's main path, in a real browser, in Chinese and in English."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Visit

LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])
SERIOUS = {"serious", "critical"}


def require_accessible(visit):
    """No serious finding of axe on the page that is shown."""
    found = Axe().run(visit.page).response["violations"]
    serious = [
        (each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in SERIOUS
    ]
    assert serious == []


def text(visit):
    return visit.page.locator("main").inner_text()


@LANGUAGES
def test_a_trader_is_filled_and_sees_it_in_the_position(visit, language):
    visit.speak(language)
    visit.become("trader-gap")
    require_accessible(visit)
    visit.open("/market/AS-E26")
    ask = visit.page.locator("tr.ask a").last
    ask.click()
    require_accessible(visit)

    visit.page.fill("#quantity", "10")
    visit.page.locator('form:has(#quantity) button[type="submit"]').click()
    visit.page.locator("#preview button").click()

    done = visit.page.locator(".alert-success").inner_text()
    assert ("已成交 10 吨" if language == "zh" else "10 t traded") in done
    require_accessible(visit)


@LANGUAGES
def test_a_trader_is_refused_helpfully(visit, language):
    visit.speak(language)
    visit.become("trader-gap")
    visit.open("/market/AS-E26/order?side=buy")

    visit.page.fill("#price", "999")
    visit.page.fill("#quantity", "10")
    visit.page.locator('form:has(#quantity) button[type="submit"]').click()

    said = visit.page.locator('[role="alert"]').inner_text()
    assert re.search(r"220", said), said
    assert visit.page.locator("#quantity").input_value() == "10"
    visit.errors.clear()  # the browser notes the 422 of the refused form


@LANGUAGES
def test_the_market_shows_a_call_auction_and_draws_its_chart(visit, language):
    visit.speak(language)
    visit.open("/market/")
    require_accessible(visit)
    visit.open("/market/JN-E26")
    assert ("参考成交价" if language == "zh" else "Indicative price") in text(visit)
    visit.open("/market/QD-E26")

    visit.page.wait_for_selector("figure[data-drawn=yes] svg", timeout=20_000)
    require_accessible(visit)


@LANGUAGES
def test_the_second_person_approves_what_waits(visit, language):
    visit.speak(language)
    visit.become("city")
    visit.open("/authority/")
    require_accessible(visit)
    visit.open("/proposals")
    require_accessible(visit)
    visit.page.locator('main a[href^="/proposals/"]').first.click()
    visit.page.wait_for_load_state("load")
    require_accessible(visit)
    assert visit.page.locator("form button").count() > 0


@LANGUAGES
def test_an_officer_follows_the_flow_of_quota(visit, language):
    visit.speak(language)
    visit.become("city")
    visit.open("/authority/flows")

    visit.page.wait_for_selector("figure[data-drawn=yes] svg", timeout=20_000)
    assert visit.page.locator("details table tbody tr").count() > 3
    require_accessible(visit)


@LANGUAGES
def test_an_auditor_goes_from_the_journal_to_the_rule(visit, language):
    visit.speak(language)
    visit.become("auditor")
    visit.open("/authority/journal")
    require_accessible(visit)
    visit.page.locator('main a[href*="/authority/journal/"]').first.click()
    visit.page.wait_for_load_state("load")
    require_accessible(visit)
    visit.page.locator('main a[href^="/public/rules"]').first.click()
    visit.page.wait_for_load_state("load")
    require_accessible(visit)


@LANGUAGES
def test_the_public_reads_packs_and_the_checkpoint(visit, language):
    visit.speak(language)
    shown = ("", "public/", "public/packs", "public/checkpoints", "public/check", "sign-in")
    for path in (f"/{each}" for each in shown):
        answer = visit.open(path)
        assert answer.status == 200, path
        require_accessible(visit)


def test_the_documentation_of_the_api_draws_offline(visit):
    visit.open("/api/v1/docs")

    visit.page.wait_for_selector(".opblock", timeout=30_000)  # it draws more as one scrolls
    assert "/api/v1/orders" in visit.page.locator("#swagger-ui").inner_text()


def test_the_clock_steps_to_the_next_event(visit):
    visit.become("exchange")
    before = visit.page.locator(".purpose time").inner_text()

    visit.page.locator('form[action="/clock/step"] button').click()
    visit.page.wait_for_load_state("load")

    assert visit.page.locator(".alert-success").first.inner_text().strip()
    assert visit.page.locator(".purpose time").inner_text() >= before


def test_the_book_follows_the_market_without_a_reload(browser, site):
    """A trader's order appears in the book of a page that nobody touches."""
    watched = browser.new_context()
    watcher, seller = Visit(watched.new_page(), site), Visit(watched.new_page(), site)
    watcher.open("/market/QD-E26")
    book = watcher.page.locator("[data-book]").inner_text()
    seller.become("trader-surplus")
    seller.open("/market/QD-E26/order?side=sell&price=20030&quantity=1")
    seller.page.locator('form:has(#quantity) button[type="submit"]').click()
    seller.page.locator("#preview button").click()
    seller.page.wait_for_load_state("load")

    watcher.page.wait_for_function(
        "before => document.querySelector('[data-book]').innerText !== before",
        arg=book,
        timeout=15_000,
    )
    assert "200.30" in watcher.page.locator("[data-book]").inner_text()
    watched.close()
