"""Wrong settings are reported together, and planted secrets are found wherever they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.verification import configuring
from pegboard.verification.child import Answer, Task
from pegboard.verification.subject import find_subject
from tests.core.verification.planting import Planted


def looked_at(planted: Planted, folder: Path) -> Answer:
    (folder / "instance").mkdir()
    answer = Answer()
    configuring.probe(Task(find_subject(planted.name), folder), answer)
    return answer


def test_good_settings_and_a_kept_secret_are_no_findings(planted: Planted, tmp_path: Path) -> None:
    answer = looked_at(planted, tmp_path)
    assert answer.findings == []
    assert answer.notes == {}
    assert "planted-key" in (tmp_path / "pegboard.toml").read_text(encoding="utf-8"), "`config show` had it to show"


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("logging.getLogger('pegboard').info(KEY)", "the log"),
        ("print(KEY)", "what it prints"),
        ("type(self).__str__ = lambda self: KEY", "the repr of the plugin"),
        ("app.after_request(lambda answer: answer.headers.set('X-Key', KEY) or answer)", "the page of an error (404)"),
        ("raise RuntimeError(KEY)", "the error of a boot"),
    ],
)
def test_a_secret_that_is_shown_is_found(planted: Planted, tmp_path: Path, code: str, place: str) -> None:
    key = "self.settings.key.get_secret_value()"
    planted.in_app_ready(f"import logging; {code.replace('KEY', key)}")
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.check == "secrets"
    assert finding.what.startswith(f"key is shown by {place}")
    assert finding.where.startswith(planted.package.name)


def test_a_provider_that_shows_its_key_is_found(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/plugin.py", '        yield pages\n', """        yield pages

    @hookimpl
    def capabilities(self):
        yield GREETINGS

    @hookimpl
    def providers(self):
        yield Provider(GREETINGS, "acme", lambda: [self.settings.key.get_secret_value()])
""")  # fmt: skip
    brought = "from pegboard.contracts.capability import Capability\nfrom pegboard.contributions import Provider\n"
    planted.change(
        "~/plugin.py", "\nfrom .settings", f'{brought}\nGREETINGS = Capability("greetings")\n\nfrom .settings'
    )
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.what == "key is shown by the repr of its provider acme"


def test_a_health_check_that_shows_a_key_is_found(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/plugin.py", "        yield pages\n", """        yield pages

    @hookimpl
    def health_checks(self):
        yield HealthCheck("talks", self.talk)

    def talk(self):
        raise RuntimeError(f"no answer from acme.example/?key={self.settings.key.get_secret_value()}")
""")  # fmt: skip
    planted.change(
        "~/plugin.py", "\nfrom .settings", "from pegboard.contributions import HealthCheck\n\nfrom .settings"
    )
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.what == "key is shown by its health check talks"
    assert finding.where == f"{planted.package.name}/plugin.py:28"


def test_what_is_called_like_a_secret_and_is_none_is_a_warning(planted: Planted, tmp_path: Path) -> None:
    field = "    api_token: str = Field(default='x', description='A token.')\n    public_token: str = 'y'\n"
    planted.change("~/settings.py", "    words:", f"{field}    words:")
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.level == "warning"
    assert finding.what == "api_token looks like a secret and is not a SecretStr"
    assert finding.where == f"{planted.package.name}/settings.py:8"


def test_a_validator_that_breaks_on_another_type_is_a_finding(planted: Planted, tmp_path: Path) -> None:
    validator = (
        "\n    @field_validator('words', mode='before')\n    @classmethod\n    def _strip(cls, words):\n"
        "        return words if isinstance(words, int) else words.strip()\n"
    )
    planted.change("~/settings.py", "import Field", "import field_validator, Field")
    planted.change("~/settings.py", 'description="How many words.")\n', f'description="How many words.")\n{validator}')
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.check == "settings"
    assert "raises AttributeError" in finding.what
    assert finding.where == f"{planted.package.name}/settings.py:13"


def test_a_setting_that_takes_anything_is_said_to_be_unchecked(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/settings.py", "    words:", "    anything: object = None\n    words:")
    answer = looked_at(planted, tmp_path)
    assert answer.findings == []
    assert answer.notes == {"settings": "not looked at, since any value is of the type of anything"}
