"""Shared fixtures beside those of `pegboard.testing`: plugins made on the spot, a folder to deploy in, a browser."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pegboard import Plugin, hookimpl
from tests.absence import absent
from tests.chaos.options import pytest_addoption, pytest_terminal_summary

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["pytest_addoption", "pytest_terminal_summary"]

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

MakePlugin = Callable[..., type[Plugin[Any]]]


@pytest.fixture(autouse=True)
def offline(only_loopback: None) -> None:
    """Every test of this repository is."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell says must not reach a board under test."""
    for name in list(os.environ):
        if name.startswith(("PEGBOARD_", "FLASK_")) or name in (
            "APP_NAME",
            "PUBLIC_URL",
            "APP_URL",
            "DATABASE_URL",
            "SECRET_KEY",
        ):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_worker_left() -> Iterator[None]:
    """A board of development that has been asked for a page works on in a thread: not beyond its test."""
    yield
    for thread in threading.enumerate():
        if thread.name == "pegboard-work":
            for runner in getattr(thread, "_args", ())[1:]:
                runner.stop()
            thread.join(5)


@pytest.fixture
def make_plugin() -> MakePlugin:
    """A plugin class of that name: functions become hook implementations, anything else class attributes."""

    def make(name: str, **members: Any) -> type[Plugin[Any]]:
        body: dict[str, Any] = {"name": name, "__doc__": f"The plugin {name}.", "__module__": f"test_plugins_{name}"}
        for key, value in members.items():
            plain = isinstance(value, type) or not callable(value)
            body[key] = value if plain else hookimpl(value)
        return type(name.title(), (Plugin,), body)

    return make


class BoardFolder:
    """A deployment's folder: `pegboard.toml`, `.env`, secrets and code beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def toml(self, text: str) -> Path:
        """Write `pegboard.toml`; its path."""
        return self.write("pegboard.toml", text)

    def write(self, name: str, text: str) -> Path:
        """Write a file below the folder; its path."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file


@pytest.fixture
def board_folder(tmp_path: Path) -> BoardFolder:
    """An empty folder to deploy a board in."""
    folder = tmp_path / "deployment"
    folder.mkdir()
    return BoardFolder(folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium or Chrome that reaches loopback alone."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        absent("no Chromium or Chrome is installed: apt-get install chromium, or set CHROMIUM to the path of one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=CHROMIUM_FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page with its own cookies; an error in the page's scripts fails the test."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors, errors


@pytest.fixture
def axe_violations() -> Callable[[Page], list[str]]:
    """Runs axe on a page, with its own choice of rules: a line for each violation, with the elements it is about."""
    import axe_playwright_python

    source = next(Path(axe_playwright_python.__file__).parent.glob("**/axe.min.js")).read_text(encoding="utf-8")

    def run(page: Page) -> list[str]:
        page.evaluate(source)
        found = page.evaluate("() => axe.run(document)")
        return [
            f"{one['id']}: {one['help']}: {', '.join(str(node['target']) for node in one['nodes'])}"
            for one in found["violations"]
        ]

    return run
