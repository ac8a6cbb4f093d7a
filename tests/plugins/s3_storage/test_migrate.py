"""Moving a site's files to a real S3 server: killed half way, resumed, and every download right before, during and after."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from pegboard import create_app
from pegboard.builtin.files.service import files
from pegboard.db import db
from pegboard.live import board_of
from pegboard.migrations import upgrade
from pegboard.sources import read_sources
from pegboard_s3_storage.peer import Seaweed
from tests.plugins.s3_storage.conftest import started
from tests.serving import foreign_environment, free_port, served

pytestmark = pytest.mark.slow
COUNT, SIZE = 24, 2_000_000
TOML = """\
# our club
[pegboard]
builtins = ["files", "local_files"]
plugins = ["s3_storage"]

[s3_storage]
bucket = "{bucket}"  # the one with the photos
preset = "seaweedfs"
endpoint_url = "{endpoint_url}"

[pegboard.providers]
files = "local"  # until we have moved
"""
PEGBOARD = str(Path(sys.executable).parent / "pegboard")


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[Seaweed]:
    """A server of this test alone: its bucket holds nothing else."""
    server = started(tmp_path / "seaweed")
    yield server
    server.stop()


class Site:
    """A deployment with files on its disk, and what each of them must be."""

    def __init__(self, folder: Path, server: Seaweed) -> None:
        self.folder, self.port = folder, free_port()
        self.toml, self.settings = folder / "pegboard.toml", dict(server.settings)
        self.toml.write_text(TOML.format(**self.settings), encoding="utf-8")
        self.environment = foreign_environment(
            S3_ACCESS_KEY_ID=str(self.settings["access_key_id"]),
            S3_SECRET_ACCESS_KEY=str(self.settings["secret_access_key"]),
            PUBLIC_URL=f"http://127.0.0.1:{self.port}",
        )
        self.digests = self._filled()

    def _filled(self) -> dict[str, str]:
        app = create_app(sources=read_sources(self.toml, environ=self.environment))
        plan = board_of(app).plan
        upgrade(app, plan, plan.database_url)
        digests = {}
        with app.app_context():
            for number in range(COUNT):
                content = hashlib.sha256(str(number).encode()).digest() * (SIZE // 32)
                file = files.save(BytesIO(content), f"{number}.bin", None, "club", public=True)
                digests[f"/files/public/{file.id}/{number}.bin"] = hashlib.sha256(content).hexdigest()
            db.engine.dispose()
        return digests

    def rows(self, question: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "instance" / "development.db")) as connection, connection:
            return connection.execute(question).fetchall()

    def moved(self) -> int:
        return int(self.rows("SELECT count(*) FROM files WHERE provider = 's3'")[0][0])

    def pegboard(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PEGBOARD, *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    @contextmanager
    def visited(self) -> Iterator[list[str]]:
        """Somebody downloads one file after the other; what was wrong with them."""
        wrong: list[str] = []
        stop, rounds = threading.Event(), 0

        def visit() -> None:
            nonlocal rounds
            while not stop.is_set() or rounds < 2:
                for path, digest in self.digests.items():
                    try:
                        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                            found = hashlib.sha256(answer.read()).hexdigest()
                    except OSError as error:
                        wrong.append(f"{path}: {error}")
                    else:
                        wrong.extend([f"{path}: other bytes"] if found != digest else [])
                rounds += 1

        thread = threading.Thread(target=visit)
        thread.start()
        try:
            yield wrong
        finally:
            stop.set()
            thread.join()

    def keys_in_the_bucket(self) -> set[str]:
        import boto3
        from botocore.config import Config

        client = boto3.client(
            "s3",
            endpoint_url=self.settings["endpoint_url"],
            aws_access_key_id=self.settings["access_key_id"],
            aws_secret_access_key=self.settings["secret_access_key"],
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )
        return {one["Key"] for one in client.list_objects_v2(Bucket=self.settings["bucket"]).get("Contents", ())}


def test_a_site_is_moved_while_it_serves_though_the_move_is_killed(empty_server: Seaweed, tmp_path: Path) -> None:
    site = Site(tmp_path, empty_server)
    command = [PEGBOARD, "run", "--port", str(site.port)]
    with (
        served(command, port=site.port, folder=tmp_path, environment=site.environment),
        site.visited() as wrong,
    ):
        _killed_half_way(site)
        before = site.moved()
        assert 0 < before < COUNT
        assert site.keys_in_the_bucket() <= {key for (key,) in site.rows("SELECT key FROM files_objects")}

        again = site.pegboard("files", "migrate", "--from", "local", "--to", "s3", "--yes")
        assert again.returncode == 0, again.stderr
        assert f"Moved {COUNT - before} files" in again.stdout
        assert f"{COUNT} originals at local must stay until" in again.stdout
        assert site.moved() == COUNT
    assert wrong == []
    _the_setting_is_written(site)
    _the_rest_is_removed(site)


def _killed_half_way(site: Site) -> None:
    process = subprocess.Popen(
        [PEGBOARD, "files", "migrate", "--from", "local", "--to", "s3", "--yes"],
        cwd=site.folder, env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    while process.poll() is None and site.moved() < 3:
        time.sleep(0.005)
    process.kill()
    said, _ = process.communicate()
    assert process.returncode == -9, said


def _the_setting_is_written(site: Site) -> None:
    text = site.toml.read_text(encoding="utf-8")
    assert tomllib.loads(text)["pegboard"]["providers"] == {"files": "s3"}
    for comment in ("# our club", "# the one with the photos", "# until we have moved"):
        assert comment in text


def _the_rest_is_removed(site: Site) -> None:
    """An hour later: the originals go, and what the killed run has left a day later."""
    site.rows("UPDATE files_objects SET keep_until = '2026-01-01' WHERE keep_until IS NOT NULL")
    last = site.pegboard("files", "migrate", "--from", "local", "--to", "s3", "--yes", "--json")
    report = json.loads(last.stdout)
    assert (last.returncode, report["originals"]["removed"]) == (0, COUNT)
    assert list((site.folder / "instance").rglob("*@")) == []
    site.rows("UPDATE files_objects SET open_until = '2026-01-01' WHERE open_until IS NOT NULL")
    swept = site.pegboard("files", "sweep")
    assert swept.returncode == 0, swept.stderr
    kept = {key for (key,) in site.rows("SELECT key FROM files")}
    assert site.keys_in_the_bucket() == kept
    assert {key for (key,) in site.rows("SELECT key FROM files_objects")} == kept
    assert len(kept) == COUNT
