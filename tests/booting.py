"""What a boot imports, looked at in an interpreter of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.serving import foreign_environment

SLOW = ("alembic", "argon2", "babel", "email_validator", "flask_wtf", "limits", "puremagic", "tomlkit", "wtforms")
"""Libraries that the builtins use, each on first use."""
_BOOT = """
import json, sys
from pegboard import create_app
app = create_app()
print(json.dumps([sorted(app.blueprints), sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def boot(folder: Path, plugins: tuple[str, ...] = (), **variables: str) -> tuple[set[str], set[str]]:
    """Boot a whole board from `folder`, as a server does; its blueprints, and the packages that are imported then."""
    listed = f"[pegboard]\nplugins = {json.dumps(plugins)}\n"
    (folder / "pegboard.toml").write_text(listed, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _BOOT],
        cwd=folder, env=foreign_environment(**variables), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    blueprints, packages = json.loads(done.stdout)
    return set(blueprints), set(packages)
