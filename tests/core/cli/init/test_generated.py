"""What `pegboard init` writes runs: its tests, the checkers, migrations, the server, the doctor, and the printed commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.core.cli.init.generated import PROGRAMS, Generated, generate, run
from tests.serving import foreign_environment, free_port, get, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("plain"), "reading-club")


@pytest.fixture(scope="module")
def with_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    """A deployment whose files go to a real S3 server, as its variables say."""
    from pegboard_s3_storage.peer import seaweed

    place = tmp_path_factory.mktemp("s3")
    running = seaweed(place / "server")
    if running is None:
        pytest.skip("there is no S3 server for this platform")
    made = generate(place, "--with", "s3_storage", "--name", "The shop", "shop")
    names = {"bucket": "S3_BUCKET_NAME", "access_key_id": "S3_ACCESS_KEY_ID"}
    names |= {"secret_access_key": "S3_SECRET_ACCESS_KEY", "endpoint_url": "S3_ENDPOINT_URL", "preset": "S3_PRESET"}
    made.variables |= {variable: str(running.settings[key]) for key, variable in names.items()}
    yield made
    running.stop()


@pytest.fixture(params=["plain", "with_s3"])
def made(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_its_tests_pass(made: Generated) -> None:
    assert "7 passed" in made.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_the_checkers_are_content(made: Generated) -> None:
    made.run("ruff", "check", "--no-cache", ".")
    made.run("ruff", "format", "--no-cache", "--check", ".")
    made.run("mypy", "--strict", "--cache-dir", "/dev/null")


def test_it_is_migrated_served_by_gunicorn_and_the_doctor_says_ok(made: Generated) -> None:
    made.run("pegboard", "db", "upgrade")
    made.run("pegboard", "db", "check")
    port = free_port()
    token = "A1b2." * 20
    environment = foreign_environment(**made.variables, WEB_BIND=f"127.0.0.1:{port}", WEB_CONCURRENCY="1")
    command = [str(PROGRAMS / "gunicorn"), "--config", str(made.folder / "gunicorn.conf.py")]
    place = made.folder.parent  # the settings find the folder from anywhere
    with served(command, port=port, folder=place, environment=environment) as url:
        name = made.folder.name
        status, page = get(f"{url}/{name}/")
        assert status == 200
        assert b"This page is " in page
        assert f'<a href="/{name}/" aria-current="page">'.encode() in page
        get(f"{url}/local-files/signed/{token}?signature=in-a-query")
    log = (place / f"server-{port}.log").read_text(encoding="utf-8")
    assert f'"GET /{name}/" 200' in log
    assert '"GET /local-files/signed/…" ' in log
    assert "in-a-query" not in log
    assert "A1b2" not in log
    assert "All is well" in made.run("pegboard", "doctor")


def test_the_printed_commands_work(plain: Generated, tmp_path: Path) -> None:
    change, upgrade, serve = generate(tmp_path, "--name", "Other", "a shop").next_commands
    assert change == "cd 'a shop'"
    run(["sh", "-ec", f"{change}; {upgrade}"], tmp_path)
    port = free_port()
    command = [str(PROGRAMS / "pegboard"), *shlex.split(serve)[1:], "--port", str(port)]
    with served(command, port=port, folder=tmp_path / "a shop", environment=foreign_environment()) as url:
        assert get(f"{url}/a-shop/")[0] == 200


def test_the_printed_commands_work_before_anybody_has_an_account(tmp_path: Path) -> None:
    change, copy, serve = generate(tmp_path, "--with", "s3_storage", "shop").next_commands
    assert (change, serve) == ("cd shop", "pegboard sandbox")
    run(["sh", "-ec", f"{change}; {copy}"], tmp_path)
    port = free_port()
    command = [str(PROGRAMS / "pegboard"), "sandbox", "--port", str(port)]
    with served(command, port=port, folder=tmp_path / "shop", environment=foreign_environment()) as url:
        assert get(f"{url}/shop/")[0] == 200


SEEN = """
import os
from flask import Blueprint, request
from pegboard import BoardSettings, Plugin, create_app, hookimpl


class Seen(Plugin):
    name = "seen"

    @hookimpl
    def blueprints(self):
        pages = Blueprint("seen", __name__)
        pages.add_url_rule("/", "seen", lambda: f"{request.scheme} {request.remote_addr}")
        yield pages


proxies = int(os.environ["TRUSTED_PROXIES"])
app = create_app(BoardSettings(env="test", builtins=(), trusted_proxies=proxies), plugins=[Seen])
"""


@pytest.mark.parametrize(("proxies", "seen"), [("0", "http 127.0.0.1"), ("1", "https 192.0.2.7")])
def test_forwarded_headers_count_as_far_as_trusted_proxies_goes(
    plain: Generated, tmp_path: Path, proxies: str, seen: str
) -> None:
    (tmp_path / "seen.py").write_text(SEEN, encoding="utf-8")
    port = free_port()
    environment = foreign_environment(
        WEB_BIND=f"127.0.0.1:{port}", TRUSTED_PROXIES=proxies, FORWARDED_ALLOW_IPS="*", PYTHONPATH=str(tmp_path)
    )
    command = [str(PROGRAMS / "gunicorn"), "--config", str(plain.folder / "gunicorn.conf.py"), "seen:app"]
    with served(command, port=port, folder=tmp_path, environment=environment) as url:
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        with urlopen(Request(f"{url}/seen/", headers=forwarded), timeout=20) as answer:
            assert answer.read().decode() == seen
