"""A played demonstration behind a real server, and the system's Chromium to look at it."""

import shutil
import threading
from contextlib import closing

import pytest

from api.demo.cast import dates
from api.demo.play import play_chapters
from api.demo.stage import HandClock, Stage
from api.demo.voice import Voice
from api.processes import application_of, clock_of
from api.program import Program
from api.settings import Settings
from api.web_server import Waitress
from ledger.db import sqlite_url

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The address of the demonstration, after its year, in its open session."""
    data = tmp_path_factory.mktemp("site")
    (data / "papers").mkdir()
    url = sqlite_url(data)
    hand = HandClock(dates()["opened"])
    with closing(Program(url, clock=hand)) as playing:
        play_chapters(Stage(playing, hand, Voice("zh", silent=True), data / "papers"))
    clock = clock_of(url)
    program = Program(url, clock=clock, holder="browser")
    with application_of(url, program, Settings(), clock) as application:
        server = Waitress(application, host="127.0.0.1", port=0, threads=16)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        host, port = server.address
        yield f"http://{host}:{port}"
        server.stop()
        thread.join(20)
    program.close()


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium; what needs it is skipped, and says so, where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run this")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Visit:
    """One visitor's page, and everything that went wrong on it."""

    def __init__(self, page, site):
        self.page = page
        self.site = site
        self.errors = []
        self.foreign = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)

    def _console(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def _request(self, request):
        if not request.url.startswith((self.site, "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, path):
        return self.page.goto(self.site + path, wait_until="load")

    def become(self, login):
        self.open("/")
        self.page.locator(f'form[action="/personas/{login}"] button').click()
        self.page.wait_for_load_state("load")

    def speak(self, language):
        self.page.context.add_cookies([{"name": "lang", "value": language, "url": self.site}])


@pytest.fixture
def visit(browser, site, request):
    """A fresh visitor; the test fails at its end if a page erred or asked anybody else."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = Visit(context.new_page(), site)
    yield found
    context.close()
    assert found.errors == []
    assert found.foreign == []
