"""The files of a new deployment, and what is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...settings import DEFAULT_BUILTINS
from ..writing import templates
from .chosen import Chosen
from .names import class_of

_FILES = {
    "pegboard.toml": "pegboard.toml",
    ".env.example": "env.example",
    ".gitignore": "gitignore",
    "wsgi.py": "wsgi.py",
    "gunicorn.conf.py": "gunicorn.conf.py",
    "requirements.txt": "requirements.txt",
    "requirements-dev.txt": "requirements-dev.txt",
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "{name}/__init__.py": "init.py",
    "{name}/plugin.py": "plugin.py",
    "{name}/models.py": "models.py",
    "{name}/views.py": "views.py",
    "{name}/migrations/versions/{name}_0001_begin.py": "migration.py",
    "{name}/templates/{name}/index.html": "index.html",
    "tests/conftest.py": "conftest.py",
    "tests/test_{name}.py": "test_plugin.py",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A deployment to be written: the name people see, that of its own plugin, and the plugins it begins with."""

    app_name: str
    name: str
    chosen: Chosen


def rendered(wanted: Wanted) -> Mapping[str, str]:
    """The text of every file, by its path below the deployment's folder."""
    environment = templates(Path(__file__).parent / "templates")
    words = _words(wanted)
    return {
        path.format(name=wanted.name): environment.get_template(f"{template}.jinja").render(words)
        for path, template in _FILES.items()
    }


def _words(wanted: Wanted) -> dict[str, object]:
    """What the templates are filled with."""
    chosen, name = wanted.chosen, wanted.name
    return {
        "name": name,
        "dashed": name.replace("_", "-"),
        "title": name.replace("_", " ").capitalize(),
        "cls": class_of(name),
        "app_name": wanted.app_name,
        "app_name_toml": json.dumps(wanted.app_name, ensure_ascii=False),
        "plugins": ", ".join(json.dumps(one) for one in [*chosen.plugins, f"{name}.plugin:{class_of(name)}"]),
        "builtins": ", ".join(json.dumps(one) for one in DEFAULT_BUILTINS),
        "tables": chosen.tables,
        "requirements": chosen.requirements,
        "development": chosen.development,
        "sandbox": chosen.sandboxed,
    }
