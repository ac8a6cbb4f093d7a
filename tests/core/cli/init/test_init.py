"""`pegboard init` writes all of a deployment or nothing, and says everything that is wrong at once."""

from __future__ import annotations

import importlib
import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pegboard.cli import cli, writing
from pegboard.cli.deployment.names import name_problems
from pegboard.errors import PegboardError

Init = Callable[..., Result]
INSTALLED = ["accounts", "console", "files", "home", "local_files", "s3_storage"]


@pytest.fixture(autouse=True)
def only_what_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Packages that other tests have written are on no path of a new process."""
    scratch = str(tmp_path_factory.getbasetemp().parent)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if not path.startswith(scratch)])
    monkeypatch.delitem(sys.modules, "shop", raising=False)


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Init:
    """Runs `pegboard init` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, ["init", *arguments])


def refused(result: Result) -> list[str]:
    """What is wrong, line by line."""
    assert result.exit_code == 1
    assert isinstance(result.exception, PegboardError)
    first, *problems = str(result.exception).splitlines()
    assert first == "nothing was written:"
    return problems


def test_a_deployment_is_named_after_its_folder(init: Init, tmp_path: Path) -> None:
    result = init("reading-club")
    assert result.exit_code == 0, result.exception
    document = tomllib.loads((tmp_path / "reading-club" / "pegboard.toml").read_text(encoding="utf-8"))
    assert document["pegboard"] == {"app_name": "Reading club", "plugins": ["reading_club.plugin:ReadingClub"]}
    assert (tmp_path / "reading-club" / "reading_club" / "plugin.py").exists()
    for line in result.output.partition("Wrote reading-club:\n")[2].partition("\n\n")[0].splitlines():
        assert (tmp_path / "reading-club" / line.strip()).is_file()


def test_site_and_plugin_may_be_named_otherwise(init: Init, tmp_path: Path) -> None:
    assert init("--name", 'The "Corner" \\ Shop é', "--plugin", "corner-shop", "www").exit_code == 0
    document = tomllib.loads((tmp_path / "www" / "pegboard.toml").read_text(encoding="utf-8"))
    assert document["pegboard"]["app_name"] == 'The "Corner" \\ Shop é'
    assert document["pegboard"]["plugins"] == ["corner_shop.plugin:CornerShop"]


def test_plugins_to_begin_with_are_enabled_required_and_explained(init: Init, tmp_path: Path) -> None:
    result = init("--with", "s3-storage,accounts", "shop")
    assert result.exit_code == 0, result.exception
    folder = tmp_path / "shop"
    document = tomllib.loads((folder / "pegboard.toml").read_text(encoding="utf-8"))
    assert document["pegboard"]["plugins"] == ["s3_storage", "shop.plugin:Shop"]
    requirements = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line.partition("==")[0] for line in requirements if line[0] != "#"] == [
        "pegboard[server]",
        "pegboard-s3-storage",
    ]
    assert all("==" in line for line in requirements if line[0] != "#")
    development = (folder / "requirements-dev.txt").read_text(encoding="utf-8")
    assert "pegboard-s3-storage[sandbox]==" in development
    variables = (folder / ".env.example").read_text(encoding="utf-8")
    for variable in ("SECRET_KEY", "TRUSTED_PROXIES", "S3_BUCKET_NAME", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"):
        assert f"# {variable}=" in variables
    assert all(line.startswith("#") for line in variables.splitlines() if line), "it may be copied as it is"
    assert "For the real s3_storage, fill in .env" in result.output


def test_an_empty_folder_will_do_and_stays_the_same_one(
    init: Init, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    before = folder.stat().st_ino
    monkeypatch.chdir(folder)
    assert init(".").exit_code == 0
    assert folder.stat().st_ino == before
    assert (folder / "shop" / "plugin.py").exists()


def test_everything_wrong_is_said_at_once_and_nothing_is_written(init: Init, tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "kept").touch()
    problems = refused(init("--with", "s3_storag", "--with", "nosuch", "--name", "x" * 81, "json"))
    for said in (
        "the folder json is not empty",
        "'json' is taken: a module of Python is called so; the folder's name suggested it, choose another with --plugin",
        "1 to 80 characters in one line; choose one with --name",
        "no plugin 's3_storag' is installed; did you mean 's3_storage'?",
        "no plugin 'nosuch' is installed",
        "or install its distribution first",
    ):
        assert any(said in problem for problem in problems), said
    assert len(problems) == 5
    assert [path.name for path in tmp_path.rglob("*")] == ["json", "kept"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("2shop", "a letter first"),
        ("Shop", "small letters"),
        ("a__b", "single underscores"),
        ("café", "small letters"),
        ("", "small letters"),
        ("class", "a word of Python"),
        ("json", "a module of Python"),
        ("flask", "an installed package"),
        ("pegboard", "Pegboard itself"),
        ("tests", "Pegboard itself"),
        ("plugin", "Pegboard itself"),
        ("doctor", "Pegboard itself"),
        ("files", "an installed plugin is called so"),
        ("files_of_ours", "could not be told from those of the installed plugin 'files'"),
        ("local", "could not be told from those of the installed plugin 'local_files'"),
        ("x" * 31, "at most 30"),
    ],
)
def test_a_name_that_cannot_be_a_plugin_s_is_refused_with_the_reason(name: str, why: str) -> None:
    (problem,) = name_problems(name, INSTALLED)
    assert why in problem


@pytest.mark.parametrize("name", ["shop", "reading_club", "s3club", "filesystem"])
def test_other_names_are_fine(name: str) -> None:
    assert list(name_problems(name, INSTALLED)) == []


def test_a_mere_folder_of_that_name_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corner").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert list(name_problems("corner", INSTALLED)) == []
    (tmp_path / "corner" / "__init__.py").touch()
    importlib.invalidate_caches()
    assert "an installed package" in next(name_problems("corner", INSTALLED))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "tab\there"])
def test_a_site_needs_a_name_of_one_line(init: Init, name: str) -> None:
    assert any("is no name for a site" in problem for problem in refused(init("--name", name, "shop")))


def test_a_file_a_link_and_a_missing_parent_are_refused(init: Init, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "is no folder" in refused(init("--plugin", "shop", "file"))[0]
    assert "is no folder" in refused(init("--plugin", "shop", "link"))[0]
    assert "is not there: make it first" in refused(init("no/such/shop"))[0]


def test_an_unwritable_place_is_refused(init: Init, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "nothing can be written in" in refused(init("shop"))[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [False, True], ids=["new folder", "empty folder"])
def test_what_fails_half_way_leaves_nothing(
    init: Init, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    folder = tmp_path / "shop"
    if there:
        folder.mkdir()
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name in ("README.md", "wsgi.py") or not there:
            raise OSError(28, "No space left on device", str(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    result = init("shop")
    assert "nothing was written: No space left on device" in str(result.exception)
    assert [path.name for path in tmp_path.rglob("*")] == (["shop"] if there else [])


def test_a_full_disk_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PegboardError, match="nothing was written"):
        writing.write(tmp_path / "shop", {"a": "fine", "a/b": "a file where the folder should be"})
    assert list(tmp_path.iterdir()) == []
