"""What is read without running the plugin: where it is, its README, its wheel, its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.errors import ConfigError, PegboardError
from pegboard.verification import building
from pegboard.verification.child import Answer, Task
from pegboard.verification.findings import Outcome
from pegboard.verification.package import package_findings
from pegboard.verification.readme import check_readme
from pegboard.verification.subject import Subject, find_subject
from pegboard.verification.suites import check_contract, suites
from tests.core.verification.planting import Planted


def whats(outcome: Outcome) -> list[str]:
    return [finding.what for finding in outcome.findings]


def test_an_installed_plugin_is_found_with_its_project(planted: Planted) -> None:
    subject = find_subject(planted.name)
    assert (subject.package, subject.home, subject.project) == (planted.package.name, planted.package, planted.project)
    assert (subject.version, subject.root) == ("1.2", planted.project)
    assert subject.place(planted.package / "plugin.py", 3) == f"{planted.package.name}/plugin.py:3"


def test_a_path_finds_the_project_that_declares_it_and_no_other(planted: Planted, tmp_path: Path) -> None:
    assert find_subject(f"{planted.package.name}.plugin:Greeter").project == planted.project
    assert find_subject(f"{planted.package.name}.plugin:Other").project is None


def test_finding_a_plugin_imports_nothing_of_it(planted: Planted) -> None:
    (planted.package / "__init__.py").write_text("raise OSError('imported')\n", encoding="utf-8")
    assert find_subject(planted.name).home == planted.package


def test_a_builtin_is_one_folder_of_the_core() -> None:
    subject = find_subject("local-files")
    assert subject.package == "pegboard.builtin.local_files"
    assert subject.home.name == "local_files"
    assert subject.in_core


def test_what_is_not_there_is_said_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="did you mean 'accounts'"):
        find_subject("acounts")
    with pytest.raises(PegboardError, match=r"no module 'no\.such\.module'"):
        find_subject("no.such.module:Class")


def test_a_readme_that_has_everything_is_no_finding(planted: Planted) -> None:
    assert check_readme(find_subject(planted.name), ["key", "words"], ["key"]).findings == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Greets people by name, with words from the Acme service.", "", "it does not say what the plugin is for"),
        ("## Settings", "## Words", "it has no section about the settings"),
        ("| `words` |", "| words, many |", "it does not name the settings words"),
        ("## Keys", "## Where from", "it does not say how to get the keys"),
        ("## Limits", "## End", "it does not say what the plugin cannot do"),
        ("None that is known.", "FILL IN: what it does not do.", "it has 1 place still to be written"),
    ],
)
def test_what_a_readme_lacks_is_named(planted: Planted, old: str, new: str, said: str) -> None:
    planted.change("README.md", old, new)
    assert whats(check_readme(find_subject(planted.name), ["key", "words"], ["key"])) == [said]


def test_without_keys_nothing_has_to_be_said_about_them(planted: Planted) -> None:
    planted.change("README.md", "## Keys", "## Where from")
    assert check_readme(find_subject(planted.name), ["key", "words"], []).findings == ()


def test_no_readme_is_a_finding_and_for_a_loose_plugin_none_is_asked(planted: Planted) -> None:
    (planted.project / "README.md").unlink()
    assert whats(check_readme(find_subject(planted.name), [], [])) == ["there is no README"]
    assert check_readme(find_subject(f"{planted.package.name}.plugin:Other"), [], []).skipped


def test_the_description_of_what_was_installed_counts_as_readme(planted: Planted) -> None:
    metadata = planted.project.parent / f"pegboard_{planted.name}-1.2.dist-info" / "METADATA"
    text = (planted.project / "README.md").read_text(encoding="utf-8")
    metadata.write_text(f"{metadata.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
    (planted.project / "README.md").unlink()
    assert check_readme(find_subject(planted.name), ["key", "words"], ["key"]).findings == ()


@pytest.mark.slow
def test_a_wheel_is_built_from_a_copy_and_holds_every_file(planted: Planted, tmp_path: Path) -> None:
    before = sorted(planted.project.rglob("*"))
    answer = Answer()
    building.probe(Task(find_subject(planted.name), tmp_path / "build"), answer)
    assert sorted(planted.project.rglob("*")) == before
    assert (
        package_findings(find_subject(planted.name), answer.facts["names"], described=answer.facts["described"]) == []
    )


def test_what_a_wheel_lacks_is_named(planted: Planted) -> None:
    (planted.package / "py.typed").unlink()
    (planted.package / "static" / "vendor").mkdir(parents=True)
    (planted.package / "static" / "vendor" / "fetched.js").touch()
    found = package_findings(find_subject(planted.name), [f"{planted.package.name}/plugin.py"], described=False)
    assert [finding.what.partition(",")[0] for finding in found] == [
        f"the wheel lacks {planted.package.name}/__init__.py", "there is no py.typed", "the wheel carries no README",
    ]  # fmt: skip
    assert "vendor" not in found[0].what


def test_a_file_that_its_code_may_read_and_that_the_wheel_lacks_is_a_warning(planted: Planted) -> None:
    (planted.package / "words").mkdir()
    (planted.package / "words" / "en.json").touch()
    held = {f"{planted.package.name}/{path.relative_to(planted.package)}" for path in planted.package.rglob("*")}
    lacking = f"{planted.package.name}/words/en.json"
    (finding,) = package_findings(find_subject(planted.name), sorted(held - {lacking}), described=True)
    assert (finding.what, finding.level) == (f"the wheel lacks {lacking}", "warning")


def test_a_back_end_that_is_not_installed_is_said(planted: Planted, tmp_path: Path) -> None:
    planted.change("pyproject.toml", "setuptools.build_meta", "no_such_backend")
    answer = Answer()
    building.probe(Task(find_subject(planted.name), tmp_path / "build"), answer)
    assert "no_such_backend" in answer.skipped["package"]


@pytest.mark.parametrize(
    ("required", "said"),
    [
        ('"setuptools>=9999"', "pip install 'setuptools>=9999' (here is "),
        ('"no-such-distribution>=2"', "pip install 'no-such-distribution>=2'"),
    ],
)
def test_a_back_end_older_than_the_project_requires_is_said_and_not_used(
    planted: Planted, tmp_path: Path, required: str, said: str
) -> None:
    planted.change("pyproject.toml", '"setuptools>=80"', required)
    answer = Answer()
    building.probe(Task(find_subject(planted.name), tmp_path / "build"), answer)
    assert said in answer.skipped["package"]


def test_a_requirement_for_another_python_is_not_missed(planted: Planted, tmp_path: Path) -> None:
    planted.change("pyproject.toml", '"setuptools>=80"', '"setuptools>=80", "old; python_version < \'3\'"')
    answer = Answer()
    building.probe(Task(find_subject(planted.name), tmp_path / "build"), answer)
    assert answer.skipped == {}
    assert answer.facts["names"]


def test_a_project_that_cannot_be_built_is_a_finding_of_its_wheel(planted: Planted, tmp_path: Path) -> None:
    planted.change("pyproject.toml", 'version = "1.2"', 'version = "no version"')
    answer = Answer()
    building.probe(Task(find_subject(planted.name), tmp_path / "build"), answer)
    (finding,) = answer.findings
    assert finding.what.startswith("no wheel can be built: ")
    assert "\n" not in finding.what
    assert f"pip wheel --no-deps {planted.project}" in finding.remedy


def test_the_suites_of_files_are_known_without_importing_them() -> None:
    assert suites("files") == ["FileStorageContract", "ServedFilesContract"]
    assert suites("greetings") == []


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("class TestIt(FileStorageContract): ...  # {package}", []),
        ("import pegboard.testing.files as f\nclass TestIt(f.ServedFilesContract): ...  # {package}", []),
        ("# FileStorageContract of {package}", ["no test of it subclasses FileStorageContract or ServedFilesContract"]),
        (
            "class TestIt(FileStorageContract): ...  # of another",
            ["no test of it subclasses FileStorageContract or ServedFilesContract"],
        ),
        (
            "class FileStorageContract {package}",
            ["no test of it subclasses FileStorageContract or ServedFilesContract"],
        ),
    ],
)
def test_a_provider_whose_tests_skip_the_suite_is_warned(planted: Planted, test: str, found: list[str]) -> None:
    tests = planted.project / "tests"
    tests.mkdir()
    (tests / "test_it.py").write_text(test.format(package=planted.package.name), encoding="utf-8")
    outcome = check_contract(find_subject(planted.name), ["files"])
    assert whats(outcome) == found
    assert {finding.level for finding in outcome.findings} <= {"warning"}


def test_without_tests_or_a_suite_nothing_is_said(planted: Planted) -> None:
    (planted.project.parent.parent / ".git").mkdir()
    subject: Subject = find_subject(planted.name)
    assert check_contract(subject, ["files"]).note == "its tests are not on this machine"
    assert check_contract(subject, []).skipped
