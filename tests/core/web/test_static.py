"""Static files of the core, of plugins and of the deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pegboard import create_app
from pegboard.sources import read_sources
from pegboard.web.static import EXTENSION, static_url


@pytest.fixture
def app(board_folder: Any) -> Flask:
    """A board whose deployment has a logo, a plugin with a script, and a secret beside them."""
    board_folder.write("static/logo.svg", "<svg/>")
    board_folder.write("secret.txt", "hidden")
    board_folder.write("kt_static_shop/plugin.py", "from pegboard import Plugin\nclass P(Plugin):\n    name = 'shop'\n")
    board_folder.write("kt_static_shop/static/shop.js", "1;")
    board_folder.write("kt_static_shop/models_secret.py", "hidden")
    file = board_folder.toml("[pegboard]\nenv = 'test'\nbuiltins = []\nplugins = ['kt_static_shop.plugin:P']\n")
    return create_app(sources=read_sources(file, environ={}))


@pytest.mark.parametrize("name", ["pegboard.css", "shop:shop.js", "deployment:logo.svg"])
def test_a_named_file_is_cached_for_a_year_by_the_hash_in_its_url(app: Flask, name: str) -> None:
    with app.test_request_context():
        url = static_url(name)
    answer = app.test_client().get(url, buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=00000000"])
def test_without_the_right_hash_it_is_not(app: Flask, query: str) -> None:
    answer = app.test_client().get(f"/static/shop/shop.js{query}", buffered=True)
    assert answer.status_code == 200
    assert "immutable" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "shop/../models_secret.py",
        "shop/..%2fmodels_secret.py",
        "shop/%2e%2e/models_secret.py",
        "deployment/../secret.txt",
        "deployment/%2e%2e/secret.txt",
        "deployment/..%5csecret.txt",
        "deployment/%2fetc/passwd",
        "core/../templates/layout.html",
        "../pegboard.toml",
        "shop/",
        "shop",
        "nosuch/shop.js",
        "shop/nosuch.js",
        "shop/%00",
    ],
)
def test_nothing_outside_the_folders_is_served(app: Flask, path: str) -> None:
    assert app.test_client().get(f"/static/{path}").status_code in (404, 308)
    assert app.test_client().get(f"/static/{path}", follow_redirects=True).status_code == 404


def test_the_hash_of_a_file_outside_the_folders_cannot_be_probed(app: Flask, board_folder: Any) -> None:
    files = app.extensions[EXTENSION]
    for path in ("../secret.txt", str(Path(board_folder.path) / "secret.txt")):
        assert files.version("deployment", path, fresh=False) == ""


def test_asking_for_files_that_are_not_there_takes_no_memory(app: Flask) -> None:
    client = app.test_client()
    for number in range(20):
        client.get(f"/static/shop/{number}.js?v=1")
    assert not [name for name in app.extensions[EXTENSION]._hashes if name.startswith("shop/")]
