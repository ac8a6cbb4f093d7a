"""What a plugin does while a board boots is seen, charged to its line, and refused where it would reach out."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.verification import alone
from pegboard.verification.child import Answer, Task
from pegboard.verification.subject import find_subject
from tests.core.verification.planting import Planted


def looked_at(planted: Planted, folder: Path) -> Answer:
    (folder / "instance").mkdir()
    answer = Answer()
    alone.probe(Task(find_subject(planted.name), folder), answer)
    return answer


def test_a_plugin_that_boots_has_facts_for_the_other_checks(planted: Planted, tmp_path: Path) -> None:
    answer = looked_at(planted, tmp_path)
    assert answer.findings == []
    assert answer.facts.pop("boot_ms") >= 0
    assert answer.facts == {
        "name": planted.name, "settings": ["key", "words"], "keys": ["key"], "boots": True, "provides": [], "migrates": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("check", "code", "said"),
    [
        (
            "network",
            "import threading; threading.Thread(target=print, name='poller').start()",
            "a thread at boot (poller)",
        ),
        ("network", "import subprocess, sys; subprocess.run([sys.executable, '-V'])", "starts a program at boot"),
        (
            "network",
            "import os; os.fork() or os._exit(0)",
            "starts a program at boot: a copy of this process",
        ),
        (
            "network",
            "import socket\n        with socket.socket(type=2) as s: s.sendmsg([b'x'], [], 0, ('192.0.2.1', 53))",
            "to 192.0.2.1:53",
        ),
        ("network", "import socket; socket.gethostbyname('acme.example')", "connects at boot, to acme.example"),
        ("network", "import sqlite3; sqlite3.connect('instance/x.db').close()", "opens a database connection at boot"),
        ("writes", "import os; os.mkdir('/acme')", "writes /acme at boot"),
        ("writes", "import os; os.rename('instance/a', 'b')", "b at boot"),
        ("boot", "1 / 0", "app_ready raised ZeroDivisionError"),
    ],
)
def test_what_is_done_at_boot_is_named_with_its_line(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: str, code: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    planted.in_app_ready(code)
    answer = looked_at(planted, tmp_path)
    (finding,) = answer.findings
    assert finding.check == check
    assert said in finding.what
    assert finding.where.startswith(f"{planted.package.name}/plugin.py:2")


def test_a_refused_boot_is_not_blamed_twice(planted: Planted, tmp_path: Path) -> None:
    planted.in_app_ready("import os; os.mkdir('/acme')")
    answer = looked_at(planted, tmp_path)
    assert answer.facts["boots"] is False
    assert answer.skipped == {"boot": "it does not boot where what it tries is refused"}


def test_writing_below_its_folder_and_the_instance_folder_is_allowed(planted: Planted, tmp_path: Path) -> None:
    instance = tmp_path / "instance" / "greetings.txt"
    planted.in_app_ready(f"open({str(instance)!r}, 'w').close(); open({str(planted.package / 'x')!r}, 'w').close()")
    assert looked_at(planted, tmp_path).findings == []
    assert instance.exists()


def test_an_undeclared_library_is_said_to_be_undeclared(planted: Planted, tmp_path: Path) -> None:
    metadata = planted.project.parent / f"pegboard_{planted.name}-1.2.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Requires-Dist: acme-sdk\n", ""), encoding="utf-8")
    planted.in_app_ready("import acme_sdk")
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.what == "imports acme_sdk at boot, which its distribution does not declare"


def test_what_pegboard_itself_needs_may_be_imported(planted: Planted, tmp_path: Path) -> None:
    planted.in_app_ready("import limits, babel, wtforms")
    assert looked_at(planted, tmp_path).findings == []


def test_state_in_a_module_shows_in_the_second_board(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/plugin.py", 'pages = Blueprint("{name}", __name__)', "pages = PAGES")
    planted.change("~/plugin.py", "\n\nclass", '\nPAGES = Blueprint("{name}", __name__)\n\n\nclass')
    (finding,) = looked_at(planted, tmp_path).findings
    assert "several boards in one process" in finding.why
    assert "can no longer be called" in finding.what


def test_contributions_that_grow_from_board_to_board_are_named(planted: Planted, tmp_path: Path) -> None:
    planted.change(
        "~/plugin.py", "        yield pages", "        SEEN.append(1)\n        yield from [pages] * 0 or ONCE(pages)"
    )
    once = "SEEN: list[int] = []\nONCE = lambda pages: [pages] if len(SEEN) == 1 else []\n"
    planted.change("~/plugin.py", "\n\nclass", f"\n{once}\n\nclass")
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.what == "a second board in the same process gets other URLs, blueprints than the first"


def test_a_class_that_cannot_be_imported_is_a_finding(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/plugin.py", "class Greeter", "raise OSError('no disk')\n\n\nclass Greeter")
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.what == "cannot be imported: OSError: no disk"


def test_a_setting_that_no_made_up_value_fits_asks_for_an_example(planted: Planted, tmp_path: Path) -> None:
    validator = (
        "\n    @field_validator('key')\n    @classmethod\n    def _is_acme(cls, key: SecretStr) -> SecretStr:\n"
        "        if not key.get_secret_value().startswith('acme_'):\n            raise ValueError('not of Acme')\n"
        "        return key\n"
    )
    planted.change("~/settings.py", "import Field", "import field_validator, Field")
    planted.change("~/settings.py", 'description="How many words.")\n', f'description="How many words.")\n{validator}')
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.what == "no values for its required settings could be made from their types: key"
    assert "examples=[" in finding.remedy
    assert finding.where == f"{planted.package.name}/settings.py:7"


def test_a_required_plugin_that_is_missing_is_named(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/plugin.py", "    Settings =", '    requires = ("nobody",)\n    Settings =')
    (finding,) = looked_at(planted, tmp_path).findings
    assert "requires 'nobody'" in finding.what
    assert "install 'nobody'" in finding.remedy
