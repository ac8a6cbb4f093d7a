"""The bundle explains a board and opens nothing: secrets are planted everywhere, and none is in any byte of it."""

from __future__ import annotations

import html
import json
import stat
import tomllib
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import tomlkit

from pegboard.cli.config import models
from pegboard.cli.plan import current_plan
from pegboard.errors import PegboardError
from pegboard.settings import env_names, is_secret
from tests.core.cli.deployment import Deployment

PARTS = {"README.txt", "versions.json", "plan.json", "settings.json", "doctor.json", "urls.json", "migrations.json"}
PLUGIN = '''
import logging
from pathlib import Path
from pydantic import Field, SecretBytes, SecretStr, field_validator
from flask import Blueprint
from pegboard import Plugin, PluginSettings, hookimpl
from pegboard.contributions import HealthCheck


class LeakySettings(PluginSettings):
    token: SecretStr | None = Field(default=None, description="Opens it.")
    older: tuple[SecretStr, ...] = Field(default=(), description="Opened it.")
    raw: SecretBytes | None = Field(default=None, description="Bytes that open it.")
    address: str = Field(default="x", description="Where it is.")

    @field_validator("address")
    @classmethod
    def plausible(cls, value: str) -> str:
        if value.startswith("planted"):
            raise ValueError(f"nobody answers at {{value}}")
        return value


class Leaky(Plugin[LeakySettings]):
    """Says everything it knows."""

    name = "{name}"
    Settings = LeakySettings

    def __init__(self, settings) -> None:
        super().__init__(settings)
        if {raises}:
            raise RuntimeError(self.all_it_knows())

    @hookimpl
    def health_checks(self):
        yield HealthCheck("talks", self.talk)

    def talk(self) -> None:
        raise RuntimeError(self.all_it_knows())

    def all_it_knows(self) -> str:
        settings = self.settings
        known = [settings.token, *settings.older, settings.raw]
        return f"refused: {{[one.get_secret_value() for one in known if one]}}"
'''


@dataclass
class Planter:
    """Gives each secret setting a value of its own, and remembers it."""

    planted: list[str] = field(default_factory=list)

    def seed(self, where: str) -> str:
        """A secret that looks like nothing in particular, so that no pattern finds it."""
        secret = f"planted {where} no {len(self.planted)}/+é".replace("_", " ")
        self.planted.append(secret)
        return secret

    def spelt(self) -> Iterator[str]:
        """All of them, as text, in URLs, in HTML and in base64."""
        for secret in self.planted:
            yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret))
            yield from (b64encode(secret.encode()).decode(), b64encode(f"app:{secret}".encode()).decode())
            yield json.dumps(secret)[1:-1]


def put(deployment: Deployment, source: str, planter: Planter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a secret in every secret setting of the board and of every enabled plugin, in one source."""
    variables: dict[str, str] = {}
    file = deployment.folder / "pegboard.toml"
    document: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))
    for table, prefix, model in models(current_plan()):
        for key, info in model.model_fields.items():
            if is_secret(info):
                secret = variables[env_names(model, prefix, key)[0]] = planter.seed(key)
                document.setdefault(table, {})[key] = [secret] if "tuple" in str(info.annotation) else secret
    url = f"postgresql://app:{quote(planter.seed('password'), safe='')}@127.0.0.1:1/app"
    variables["DATABASE_URL"] = document["pegboard"]["database_url"] = url
    if source == "TOML":
        file.write_text(tomlkit.dumps(document), encoding="utf-8")
    elif source == ".env":
        lines = [f"{name}='{value}'" for name, value in variables.items()]
        (deployment.folder / ".env").write_text("\n".join(lines), encoding="utf-8")
    elif source == "secrets folder":
        folder = deployment.folder / "secrets"
        folder.mkdir()
        monkeypatch.setenv("PEGBOARD_SECRETS_DIR", str(folder))
        for name, value in variables.items():
            (folder / name).write_text(value, encoding="utf-8")
    else:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)


def content(file: Path) -> dict[str, str]:
    with zipfile.ZipFile(file) as opened:
        return {name: opened.read(name).decode("utf-8") for name in opened.namelist()}


def leaky(deployment: Deployment, *, raises: bool) -> str:
    name = deployment.plugin()
    source = PLUGIN.format(name=name, raises=raises)
    (deployment.folder / name / "plugin.py").write_text(source, encoding="utf-8")
    return name


@pytest.mark.slow
@pytest.mark.parametrize("state", ["boots", "a plugin raises", "settings are refused"])
@pytest.mark.parametrize("source", ["environment", ".env", "secrets folder", "TOML"])
def test_no_planted_secret_is_in_any_byte(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, source: str, state: str
) -> None:
    name = leaky(deployment, raises=state == "a plugin raises")
    s3 = "[s3_storage]\nbucket = 'board'\naccess_key_id = 'public-part'\n"
    builtins = "builtins = ['accounts', 'files', 'home', 'local_files']"
    text = f"[pegboard]\n{builtins}\nplugins = ['s3_storage', '{name}.plugin:Leaky']\n"
    (deployment.folder / "pegboard.toml").write_text(text + s3, encoding="utf-8")
    planter = Planter()
    put(deployment, source, planter, monkeypatch)
    if state == "settings are refused":
        monkeypatch.setenv(f"{name.upper()}_ADDRESS", planter.seed("address"))
    log = deployment.folder / "instance" / "sandbox" / name / "server.log"
    log.parent.mkdir(parents=True)
    log.write_text("\n".join(f"GET /?key={spelt} 403" for spelt in planter.spelt()), encoding="utf-8")
    assert len(planter.planted) >= 8
    assert current_plan().board.found["secret_key"] in planter.planted, "the plant took"
    result = deployment.run("diagnostics", "--output", "bundle.zip", "--timeout", "20")
    assert result.exit_code == 0, result.output
    parts = content(deployment.folder / "bundle.zip")
    assert set(parts) == {*PARTS, f"logs/{name}-server.log"}
    printed = deployment.run("diagnostics", "--json").output
    everything = "\n".join([*parts, *parts.values(), printed, result.output])
    told = "nobody answers at" if state == "settings are refused" else "RuntimeError: refused:"
    assert told in everything, "the plugin's own error is told"
    assert "********" in parts[f"logs/{name}-server.log"]
    assert [spelt for spelt in planter.spelt() if spelt.lower() in everything.lower()] == []


def test_a_plugin_that_is_installed_and_not_enabled_keeps_its_secrets(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = leaky(deployment, raises=False)
    deployment.write("[s3_storage]\nsecret_access_key = 'planted in a table that nobody reads'\n")
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "planted in the environment for nobody")
    monkeypatch.setenv(f"{name.upper()}_ADDRESS", "planted in a table that nobody reads")
    deployment.run("diagnostics", "--output", "bundle.zip")
    assert "planted" not in str(content(deployment.folder / "bundle.zip"))


def test_a_board_in_every_kind_of_trouble_is_still_described(deployment: Deployment) -> None:
    deployment.write("database_url = 'no url'\n", plugins=["nosuch"])
    result = deployment.run("diagnostics", "--output", "bundle.zip")
    assert result.exit_code == 0, result.output
    parts = content(deployment.folder / "bundle.zip")
    assert "ArgumentError" in parts["migrations.json"]
    assert "no plugin of the name 'nosuch'" in parts["plan.json"]
    assert "no plugin of the name 'nosuch'" in parts["doctor.json"]


def test_what_is_in_it_explains_the_board(deployment: Deployment) -> None:
    name = deployment.plugin(models=True)
    deployment.write(f"[{name}]\nsize = 7\n")
    deployment.run("db", "migrate", "--plugin", name)
    data = deployment.json("diagnostics")
    assert {file for file in PARTS if file.endswith(".json")} == set(data)
    assert data["versions.json"]["distributions"]["pegboard"]
    assert data["versions.json"]["packages"]["flask"]
    (plugin,) = data["plan.json"]["plugins"]
    assert (plugin["order"], plugin["name"], plugin["state"]) == (1, name, "enabled")
    rows = {(row["table"], row["key"]): row for row in data["settings.json"]}
    assert rows[name, "size"]["source"] == f"[{name}] size in pegboard.toml"
    assert {"plugin": name, "rule": f"/{name}/hello", "methods": ["GET"], "endpoint": f"{name}.hello"} in data[
        "urls.json"
    ]
    core, standing = data["migrations.json"]
    assert core["plugin"] == "core"
    assert (standing["plugin"], standing["behind"], standing["heads"]) == (name, True, [f"{name}_0001"])
    assert any(row["check"] == "database.migrations" for row in data["doctor.json"])


def test_a_variable_that_is_no_text_is_described_all_the_same(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEGBOARD_LOGO", "logo\udcff.svg")
    monkeypatch.setenv("SECRET_KEY", "planted\udcff")
    result = deployment.run("diagnostics", "--output", "bundle.zip")
    assert result.exit_code == 0, result.exception
    assert "logo\\udcff.svg" in content(deployment.folder / "bundle.zip")["settings.json"]


def test_by_default_it_is_written_here_named_after_the_day_and_readable_for_its_owner_alone(
    deployment: Deployment,
) -> None:
    result = deployment.run("diagnostics")
    (file,) = deployment.folder.glob("pegboard-diagnostics-20*.zip")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"Wrote {file.name}" in result.output
    assert "Nothing was sent anywhere." in result.output
    for part in PARTS - {"README.txt"}:
        assert part in result.output
    assert "sent nowhere" in content(file)["README.txt"]


def test_a_file_that_is_there_stays_as_it_is(deployment: Deployment) -> None:
    file = deployment.folder / "mine.zip"
    file.write_bytes(b"mine")
    result = deployment.run("diagnostics", "--output", "mine.zip")
    assert isinstance(result.exception, PegboardError)
    assert "is there already" in str(result.exception)
    assert file.read_bytes() == b"mine"


def test_a_place_that_cannot_be_written_is_told(deployment: Deployment) -> None:
    result = deployment.run("diagnostics", "--output", "no/such/folder/x.zip")
    assert isinstance(result.exception, PegboardError)
    assert "No such file or directory" in str(result.exception)


def test_json_writes_no_file(deployment: Deployment) -> None:
    assert deployment.run("diagnostics", "--json", "--output", "x.zip").exit_code == 2
    deployment.run("diagnostics", "--json")
    assert list(deployment.folder.glob("*.zip")) == []


def test_of_a_long_log_only_the_end_is_taken(deployment: Deployment) -> None:
    log = deployment.folder / "instance" / "sandbox" / "vendor" / "server.log"
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"line {number}\n" for number in range(100_000)), encoding="utf-8")
    tail = deployment.json("diagnostics")["logs/vendor-server.log"].splitlines()
    assert (len(tail), tail[-1]) == (200, "line 99999")
