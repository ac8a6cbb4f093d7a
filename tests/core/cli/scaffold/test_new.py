"""`pegboard plugins new`: where it writes, what it refuses, and that nothing else is touched."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pegboard.errors import NotFound, PegboardError
from pegboard.web.served_files import Links, ServedFileStorage
from tests.core.cli.scaffold.generated import new


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(*arguments: str) -> str:
    """Why it was refused; then nothing is left behind."""
    before = sorted(Path().rglob("*"))
    error = new(*arguments).exception
    assert isinstance(error, PegboardError), error
    assert sorted(Path().rglob("*")) == before
    return str(error)


def test_it_makes_a_folder_of_the_distribution_s_name(here: Path) -> None:
    result = new("weather-station", "--with", "pages")
    assert result.exit_code == 0
    assert [path.name for path in here.iterdir()] == ["pegboard-weather-station"]
    assert "  pegboard_weather_station/templates/weather_station/index.html\n" in result.output
    assert "  pegboard_weather_station/plugin.py  (1 to FILL IN)\n" in result.output


def test_it_says_what_to_do_next_in_three_lines() -> None:
    assert new("weather").output.partition("Next:\n")[2].splitlines() == [
        "  pip install --editable './pegboard-weather[test]'",
        "  python -m pytest pegboard-weather",
        "  pegboard plugins enable weather",
    ]


def test_a_folder_of_one_s_choice_is_made_and_quoted(here: Path) -> None:
    said = new("weather", "--directory", "a b").output
    assert (here / "a b" / "pyproject.toml").is_file()
    assert "pip install --editable './a b[test]'" in said


def test_where_plugins_are_kept_together_it_joins_them_and_leaves_tools_to_the_repository(here: Path) -> None:
    (here / "plugins/other").mkdir(parents=True)
    (here / "plugins/other/pyproject.toml").touch()
    assert new("weather", "--with", "models").exit_code == 0
    text = (here / "plugins/weather/pyproject.toml").read_text(encoding="utf-8")
    assert "[tool.setuptools]" in text
    assert not re.search(r"\[tool\.(pytest|ruff|mypy)", text)


def test_inside_a_clone_of_pegboard_its_own_tools_are_named(here: Path) -> None:
    for name in ("plugins/other/pyproject.toml", "tools/environment.py"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).touch()
    said = new("weather").output
    assert "  make test ARGS=plugins/weather\n  .venv/bin/pegboard plugins enable weather\n" in said


@pytest.mark.slow
def test_git_sees_nothing_outside_its_folder(here: Path) -> None:
    (here / "plugins/other").mkdir(parents=True)
    for name in ("plugins/other/pyproject.toml", "README.md", "pegboard.toml"):
        (here / name).write_text("", encoding="utf-8")

    def git(*arguments: str) -> list[str]:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
        return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True, timeout=60).stdout.split()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "Begin")
    assert new("weather", "--capability", "files", "--with", "models,pages").exit_code == 0
    assert git("status", "--porcelain", "--ignored") == ["??", "plugins/weather/"]


def test_everything_wrong_is_said_at_once(here: Path) -> None:
    (here / "taken").mkdir()
    said = refused("Weather", "--capability", "file", "--with", "pagse,models,webhoks", "--directory", "taken")
    for words in (
        "nothing was written:",
        "'Weather' is no name for a plugin",
        "how about weather?",
        "no enabled plugin brings the capability 'file'; did you mean 'files'?",
        "--with knows no 'pagse'; did you mean 'pages'?",
        "--with knows no 'webhoks'; did you mean 'webhooks'?",
        "taken is there already",
    ):
        assert words in said


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_there_already_is_left_alone(here: Path, kind: str) -> None:
    place = here / "pegboard-weather"
    if kind == "folder":
        place.mkdir()
        (place / "mine").write_text("mine", encoding="utf-8")
    elif kind == "file":
        place.write_text("mine", encoding="utf-8")
    else:
        place.symlink_to("nowhere")
    before = everything(here)
    assert "pegboard-weather is there already" in refused("weather")
    assert everything(here) == before


def test_a_parent_that_is_not_there_is_named() -> None:
    assert "the folder no/such is not there: make it first" in refused("weather", "--directory", "no/such/weather")


def test_names_of_installed_plugins_and_of_one_s_own_are_refused(here: Path) -> None:
    (here / "kt_own_shop.py").write_text("from pegboard import Plugin\nclass Shop(Plugin):\n    name = 'shop'\n")
    (here / "pegboard.toml").write_text('[pegboard]\nplugins = ["kt_own_shop:Shop"]\n', encoding="utf-8")
    assert "a plugin 'files' is installed already" in refused("files")
    assert "of the installed plugin 'shop'" in refused("shop_window")


def test_a_plugin_that_cannot_be_asked_for_its_capabilities_is_named(here: Path) -> None:
    (here / "pegboard.toml").write_text('[pegboard]\nplugins = ["s3_storage"]\n', encoding="utf-8")
    said = refused("weather", "--capability", "rain")
    assert "no enabled plugin brings the capability 'rain'; one of: files (s3_storage could not be asked" in said


def test_a_disk_that_fails_half_way_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text, written = Path.write_text, list[Path]()

    def fail_at_the_fifth(self: Path, *args: Any, **kwargs: Any) -> int:
        written.append(self)
        if len(written) == 5:
            raise OSError(28, "No space left on device", str(self))
        return write_text(self, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", fail_at_the_fifth)
    assert "nothing was written: No space left on device" in refused("weather", "--with", "models")
    assert len(written) == 5
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("attic", "AtticFileStorage"),
        ("attic_files", "AtticFileStorage"),
        ("attic_storage", "AtticFileStorage"),
        ("attic_profile", "AtticProfileFileStorage"),
        ("attic_file_storage", "AtticFileStorageFileStorage"),
        ("file", "FileFileStorage"),
        ("served_files", "ServedFilesFileStorage"),
    ],
)
def test_a_provider_s_class_says_no_word_twice_unless_it_would_be_another_s(
    name: str, provider: str, here: Path
) -> None:
    assert new(name, "--capability", "files").exit_code == 0
    source = next(here.glob("*/*/provider.py")).read_text(encoding="utf-8")
    assert f"\nclass {provider}(ServedFileStorage):\n" in source


def test_exactly_the_three_methods_of_files_are_left_to_the_author(here: Path) -> None:
    new("unwritten", "--capability", "files")
    sys.path.insert(0, str(here / "pegboard-unwritten"))
    try:
        provider: Any = importlib.import_module("pegboard_unwritten.provider")
        settings: Any = importlib.import_module("pegboard_unwritten.settings").UnwrittenSettings()
    finally:
        del sys.path[0]
    kind = provider.UnwrittenFileStorage
    storage = kind(settings, Links("unwritten", keys=["k"], base_url=str))
    calls: dict[str, tuple[Any, ...]] = {
        "write": ("a", iter([b""]), "text/plain", {}),
        "open": ("a", 0, None),
        "remove": ("a",),
    }
    assert calls.keys() == ServedFileStorage.__abstractmethods__
    for name, arguments in calls.items():
        method, of_base = inspect.signature(getattr(kind, name)), inspect.signature(getattr(ServedFileStorage, name))
        assert method == of_base
        words = rf"UnwrittenFileStorage\.{name} in pegboard_unwritten/provider\.py must (store|give|remove) \w+"
        with pytest.raises(NotImplementedError, match=words):
            getattr(storage, name)(*arguments)
    source = Path(provider.__file__).read_text(encoding="utf-8")
    assert source.count("FILL IN") == source.count("NotImplementedError") == 3


def test_an_error_that_the_author_is_told_to_raise_can_be_raised_as_it_is_written(here: Path) -> None:
    assert new("attic", "--capability", "files").exit_code == 0
    text = (here / "pegboard-attic" / "pegboard_attic" / "provider.py").read_text(encoding="utf-8")
    told = re.search(r"`raise NotFound\((.*?)\)`, from `pegboard\.errors`", text)
    assert told is not None
    names = re.findall(r"(\w+)=", told[1])
    assert names == ["provider", "operation"]
    inspect.signature(NotFound).bind("message", **dict.fromkeys(names, "attic"))
