"""A crash, a full disk or a foreign file in the folder costs nobody a byte that was stored."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pegboard.builtin.local_files.objects import ObjectFolder
from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.errors import NotFound, ProviderError
from pegboard.web.served_files import Links

LINKS = Links("local_files", keys=["key"], base_url=lambda: "")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def storage(root: Path) -> LocalFileStorage:
    return LocalFileStorage(root, LINKS)


def content(storage: LocalFileStorage, key: str) -> bytes:
    with storage.read(key) as chunks:
        return b"".join(chunks)


def test_nothing_is_made_before_something_is_stored(storage: LocalFileStorage, root: Path) -> None:
    storage.delete("a")
    with pytest.raises(NotFound):
        storage.stat("a")
    assert not root.exists()


def test_folders_and_files_are_the_owners_alone(storage: LocalFileStorage, root: Path) -> None:
    storage.put("a/b", io.BytesIO(b"1"), size=1)
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_put_that_is_killed_leaves_the_old_object(storage: LocalFileStorage, root: Path) -> None:
    storage.put("a", io.BytesIO(b"old"), size=3)
    program = (
        "import os, signal, sys, pathlib\n"
        "from pegboard.builtin.local_files.provider import LocalFileStorage\n"
        "from pegboard.web.served_files import Links\n"
        "class Deadly:\n"
        "    first = True\n"
        "    def read(self, size):\n"
        "        if not self.first: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        self.first = False\n"
        "        return b'half'\n"
        "links = Links('local_files', keys=['k'], base_url=str)\n"
        "LocalFileStorage(pathlib.Path(sys.argv[1]), links).put('a', Deadly())"
    )
    assert subprocess.run([sys.executable, "-c", program, str(root)], check=False).returncode == -9
    assert content(storage, "a") == b"old"
    assert len(list((root / ".aside").iterdir())) == 1


def test_what_a_crash_left_is_removed_after_a_day(root: Path) -> None:
    aside = root / ".aside"
    aside.mkdir(parents=True)
    (aside / "recent").touch()
    (aside / "old").touch()
    os.utime(aside / "old", (time.time() - 90_000, time.time() - 90_000))
    ObjectFolder(root).prepare("put")
    assert [path.name for path in aside.iterdir()] == ["recent"]


def test_readers_keep_what_they_opened_while_it_is_replaced_and_deleted(storage: LocalFileStorage) -> None:
    storage.put("a", io.BytesIO(b"old content"), size=11)
    with storage.read("a") as chunks:
        storage.put("a", io.BytesIO(b"new"), size=3)
        storage.delete("a")
        assert b"".join(chunks) == b"old content"


@pytest.mark.parametrize("damage", [b"", b"no record", b"{}\nbytes", b"[]\nbytes", b"{" * 5000, b"null\n"])
def test_a_file_without_a_record_is_reported_by_its_key(storage: LocalFileStorage, root: Path, damage: bytes) -> None:
    storage.put("a", io.BytesIO(b"1"), size=1)
    (root / "a@").write_bytes(damage)
    with pytest.raises(ProviderError, match="the file of a does not begin with its record") as caught:
        storage.stat("a")
    assert caught.value.permanent
    assert not isinstance(caught.value, NotFound)


def test_an_object_that_became_shorter_raises_and_does_not_just_end(storage: LocalFileStorage, root: Path) -> None:
    storage.put("a", io.BytesIO(bytes(1_000_000)), size=1_000_000)
    with storage.read("a") as chunks:
        next(chunks)
        os.truncate(root / "a@", 500_000)
        with pytest.raises(ProviderError, match="the bytes ended"):
            list(chunks)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    storage = LocalFileStorage(tmp_path / "file" / "below", LINKS)
    for call in (storage.check, lambda: storage.put("a", io.BytesIO(b"1"))):
        with pytest.raises(ProviderError, match=r"local (check|put): Not a directory") as caught:
            call()
        assert not caught.value.permanent


def test_a_full_disk_is_reported_and_leaves_nothing_aside(
    storage: LocalFileStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ProviderError, match="No space left"):
        storage.put("a", io.BytesIO(b"1"))
    assert not list((root / ".aside").iterdir())
    with pytest.raises(NotFound):
        storage.stat("a")
