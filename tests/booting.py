"""What a boot imports, looked at in an interpreter of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.serving import foreign_environment

SLOW = (
    *("alembic", "argon2", "babel", "email_validator", "flask_wtf", "httpx2", "limits", "puremagic", "structlog"),
    *("tenacity", "tomlkit", "wtforms", "sqlalchemy.dialects.postgresql"),
    *("pegboard.http.client", "pegboard.events.event", "pegboard.work.models", "pegboard.observability.redaction"),
)
"""Modules that a board needs, each on first use."""
_BOOT = """
import json, sys
from pegboard import create_app
app = create_app()
print(json.dumps([sorted(app.blueprints), sorted(sys.modules)]))
"""


def boot(folder: Path, plugins: tuple[str, ...] = (), **variables: str) -> tuple[set[str], set[str]]:
    """Boot a whole board from `folder`, as a server does; its blueprints, and the modules that are imported then."""
    listed = f"[pegboard]\nplugins = {json.dumps(plugins)}\n"
    (folder / "pegboard.toml").write_text(listed, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _BOOT],
        cwd=folder, env=foreign_environment(**variables), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    blueprints, modules = json.loads(done.stdout)
    return set(blueprints), set(modules)
