"""A name that cannot be a plugin's is refused with the reason, and where it can be guessed with the one that was meant."""

from __future__ import annotations

import pytest

from pegboard.cli.scaffold.names import name_problems

INSTALLED = ["accounts", "files", "s3_storage"]


def problems(name: str) -> str:
    return "\n".join(name_problems(name, INSTALLED))


@pytest.mark.parametrize("name", ["weather", "weather_station", "ga4", "a1_b2", "x", "filesystem", "s3x", "a" * 30])
def test_a_name_of_words_is_taken(name: str) -> None:
    assert problems(name) == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Weather", "weather"),
        ("WeatherStation", "weather_station"),
        ("weather station", "weather_station"),
        ("weather__station", "weather_station"),
        ("_weather_", "weather"),
        ("4weather", "weather"),
        ("../weather", "weather"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_nearest(name: str, meant: str) -> None:
    assert f"{name!r} is no name for a plugin" in problems(name)
    assert problems(name).endswith(f"; how about {meant}?")


@pytest.mark.parametrize("name", ["", "_", "42", "ü", "wetter\n"])
def test_where_nothing_is_near_only_the_rule_is_said(name: str) -> None:
    assert "small letters, digits and single underscores, a letter first" in problems(name)


@pytest.mark.parametrize("name", ["pegboard", "env", "static", "core", "db", "shell", "routes"])
def test_a_word_of_the_core_is_reserved(name: str) -> None:
    assert f"{name!r} is reserved, as are: " in problems(name)


@pytest.mark.parametrize(("name", "other"), [("files_webdav", "files"), ("s3", "s3_storage")])
def test_a_name_that_begins_another_s_or_is_begun_by_it_is_refused(name: str, other: str) -> None:
    assert f"could not be told from those of the installed plugin {other!r}" in problems(name)


def test_an_installed_plugin_s_name_is_taken() -> None:
    assert problems("files") == "a plugin 'files' is installed already"


def test_a_name_that_says_pegboard_is_too_much() -> None:
    assert "leave pegboard out of the name: weather is packaged as pegboard_weather anyway" in problems(
        "pegboard_weather"
    )


def test_a_name_that_begins_with_test_is_refused() -> None:
    assert "pytest would take the plugin's classes for tests" in problems("test_bench")


def test_an_overlong_name_is_refused_with_its_length() -> None:
    assert "has 31 characters, and at most 30" in problems("a" * 31)


def test_a_package_that_can_be_imported_is_not_hidden() -> None:
    assert "there is a package pegboard_s3_storage already" in "\n".join(name_problems("s3_storage", []))
