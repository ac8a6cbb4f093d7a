"""Plugins with one fault each: verification names it, with its place and its remedy, and finds nothing else."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pegboard.verification import CHECKS, verify
from tests.core.verification.planting import Planted


class Fault(NamedTuple):
    """`check` must find `what` at `where` once each `change` (file, old, new) is made; `~` is the package."""

    check: str
    what: str
    where: str
    changes: list[tuple[str, str, str]]


READY = "        pass\n"
WORDS = '    words: int = Field(default=3, ge=1, description="How many words.")\n'
SHOWN = "    def __repr__(self) -> str:\n        return f'Greeter({self.settings.key.get_secret_value()})'\n\n"
FIRST_ONLY = (
    "\n    @model_validator(mode='before')\n    @classmethod\n    def _check(cls, given):\n"
    "        if not isinstance(given.get('key'), str):\n            raise ValueError('no key')\n        return given\n"
)
FAULTS = {
    "claims another's prefix": Fault(
        "prefixes", "the table accounts_greetings is a name of accounts", "~/plugin.py:10",
        [("~/plugin.py", "    Settings =", '    tables = ("accounts_greetings",)\n    Settings =')],
    ),
    "writes outside its folder at boot": Fault(
        "writes", "/home/greetings.txt at boot", "~/plugin.py:24",
        [("~/plugin.py", READY, "        import pathlib; (pathlib.Path.home() / 'greetings.txt').write_text('hello')\n")],
    ),
    "imports its vendor's library at boot": Fault(
        "imports", "imports acme_sdk at boot", "~/plugin.py:1",
        [("~/plugin.py", "from collections.abc", "import acme_sdk\nfrom collections.abc")],
    ),
    "leaks a secret in its repr": Fault(
        "secrets", "key is shown by the repr of the plugin", "~/plugin.py:16",
        [("~/plugin.py", "    @hookimpl\n    def blueprints", f"{SHOWN}    @hookimpl\n    def blueprints")],
    ),
    "connects at boot": Fault(
        "network", "connects at boot, to 192.0.2.1:443", "~/plugin.py:24",
        [("~/plugin.py", READY, "        import socket; socket.create_connection(('192.0.2.1', 443))\n")],
    ),
    "leaves its templates out of the wheel": Fault(
        "package", "the wheel lacks pegboard_{name}/templates/{name}/page.html", "pyproject.toml",
        [("pyproject.toml", '"templates/**", ', "")],
    ),
    "does not name its settings in the README": Fault(
        "readme", "it does not name the settings words", "README.md:5",
        [("README.md", "| `words` | How many words. |\n", "")],
    ),
    "has a migration that does not go down": Fault(
        "migrations", "going down leaves {name}_greetings", "~/migrations",
        [("~/migrations/versions/begin.py", 'op.drop_table("{name}_greetings")', "pass")],
    ),
    "stops at the first bad setting": Fault(
        "settings", "of 2 wrong settings none is reported, and not: key, words", "~/settings.py:6",
        [("~/settings.py", WORDS, WORDS + FIRST_ONLY), ("~/settings.py", "import Field", "import model_validator, Field")],
    ),
    "replaces a template that is not its own": Fault(
        "prefixes", "the template error.html is outside templates/{name}/", "~/templates/error.html",
        [("~/templates/error.html", "", "Oh!")],
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_with_its_place(planted: Planted, fault: str) -> None:
    check, what, where, changes = FAULTS[fault]
    for change in changes:
        planted.change(*change)
    report = verify(planted.name, only=[check])
    (finding,) = report.findings
    assert finding.check == check
    assert what.format(name=planted.name) in finding.what
    assert finding.where == where.replace("~", planted.package.name)
    assert finding.why
    assert finding.remedy
    assert not report.passed


@pytest.mark.slow
def test_a_plugin_without_a_fault_is_clean_in_every_check(planted: Planted) -> None:
    report = verify(planted.name)
    assert report.findings == []
    assert [outcome.check for outcome in report.outcomes] == list(CHECKS)
    assert {outcome.check: outcome.note for outcome in report.outcomes if outcome.note} == {
        "contract": "it provides nothing that has a contract suite"
    }
    assert report.boot_ms is not None
    assert report.version == "1.2"
    assert report.passed
