"""The files of a new distribution: which there are, and what is in them."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...contracts.files import FILES
from ..writing import templates
from .capabilities import Offered
from .imports import WIDTH, tidied
from .stubs import stubs_of

Files = Mapping[str, str]
"""Templates by the file that each becomes."""

_ALWAYS: Files = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    "{package}/__init__.py": "init.py",
    "{package}/plugin.py": "plugin.py",
    "{package}/settings.py": "settings.py",
    "tests/conftest.py": "conftest.py",
    "tests/test_plugin.py": "test_plugin.py",
}
PARTS: Mapping[str, Files] = {
    "models": {
        "{package}/models.py": "models.py",
        "{package}/migrations/versions/{name}_0001.py": "migration.py",
        "tests/test_models.py": "test_models.py",
    },
    "pages": {
        "{package}/templates/{name}/index.html": "index.html",
        "{package}/views.py": "views.py",
        "tests/test_views.py": "test_views.py",
    },
    "webhooks": {
        "{package}/webhooks.py": "webhooks.py",
        "tests/test_webhooks.py": "test_webhooks.py",
    },
}
"""What may be asked for beside a capability, by the word that asks for it."""
TAKEN = frozenset(
    {
        "AbstractContextManager", "Any", "Base", "Blueprint", "BoardClient", "BytesIO", "Callable", "ConfigError",
        "DeclarativeBase", "Field", "FileStorage", "Flask", "HealthCheck", "Install", "Iterable", "Iterator",
        "Links", "MakeBoard", "MakeStorage", "Mapped", "Mapping", "ModelBase", "NavItem", "Note", "Path", "Person",
        "Plugin", "PluginSettings", "Provider", "Response", "SecretStr", "Served", "ServedFileStorage",
        "ServedFilesContract", "SignIn", "StandardWebhooks", "Stat", "String", "UtcDateTime", "Webhook",
        "WebhookSource",
    }
)  # fmt: skip
"""Names of classes in the templates, and `Served`, from which a provider would be called as its own base."""
_OF_FILES: Files = {"{package}/provider.py": "provider_files.py", "tests/test_provider.py": "test_provider_files.py"}
_OF_ANY: Files = {"{package}/provider.py": "provider.py", "tests/test_provider.py": "test_provider.py"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A distribution to be written. `alone` is one that no repository of plugins is around, with tools of its own."""

    name: str
    parts: frozenset[str] = frozenset()
    capability: Offered | None = None
    alone: bool = True

    @property
    def package(self) -> str:
        return f"pegboard_{self.name}"

    @property
    def distribution(self) -> str:
        return self.package.replace("_", "-")

    @property
    def cls(self) -> str:
        """The plugin's class: its name, and more where the templates have a use for that name already."""
        word = _camel(self.name.split("_"))
        return f"{word}Plugin" if word in TAKEN or hasattr(builtins, word) else word

    @property
    def files(self) -> bool:
        """Whether it stores files, for which three methods are enough."""
        return self.capability is not None and self.capability.word == FILES.name

    @property
    def provider(self) -> str:
        """The provider's class, after the plugin and the contract: words that end the one and are in the other are said once."""
        if self.capability is None:
            return ""
        contract = self.capability.contract.__name__
        again = {word.lower() for word in re.findall("[A-Z][a-z0-9]*", contract)}
        words = self.name.split("_")
        while words and again & {words[-1], words[-1].removesuffix("s")}:
            words.pop()
        short = _camel(words) + contract
        return short if words and short not in TAKEN | {self.cls} else f"{self.cls}{contract}"


def _camel(words: Iterable[str]) -> str:
    return "".join(word.title() for word in words)


def rendered(wanted: Wanted) -> dict[str, str]:
    """The text of every file, by its path below the distribution's folder. OSError where a contract has no source."""
    environment = templates(Path(__file__).parent / "templates")
    words = _words(wanted)
    files = {f"{wanted.package}/py.typed": ""}
    for path, template in _chosen(wanted).items():
        text = environment.get_template(f"{template}.jinja").render(words)
        target = path.format(package=wanted.package, name=wanted.name)
        files[target] = tidied(text) if target.endswith(".py") else text
    return dict(sorted(files.items()))


def _chosen(wanted: Wanted) -> Files:
    of_capability = (_OF_FILES if wanted.files else _OF_ANY) if wanted.capability else {}
    parts = [files for word, files in PARTS.items() if word in wanted.parts]
    return {path: name for files in (_ALWAYS, *parts, of_capability) for path, name in files.items()}


def _words(wanted: Wanted) -> dict[str, Any]:
    """What the templates are filled with."""
    capability = wanted.capability

    def raising(method: str, task: str) -> str:
        return _not_filled_in(f"{wanted.package}/provider.py", f"{wanted.provider}.{method}", task)

    return {
        "name": wanted.name,
        "dashed": wanted.name.replace("_", "-"),
        "variable": wanted.name.upper(),
        "title": wanted.name.replace("_", " ").title(),
        "package": wanted.package,
        "distribution": wanted.distribution,
        "cls": wanted.cls,
        "provider": wanted.provider,
        "parts": wanted.parts,
        "alone": wanted.alone,
        "files": wanted.files,
        "capability": capability,
        "stubs": stubs_of(capability.contract, raising) if capability and not wanted.files else None,
        "bare": not capability and not {"pages", "webhooks"} & wanted.parts,
        "dependencies": ", ".join(f'"{one}"' for one in _dependencies(capability)),
        "unhandled": _unhandled(f"{wanted.package}/webhooks.py").replace("\n", "\n    "),
        "not_filled_in": lambda method, task: raising(method, task).replace("\n", "\n        "),
    }


def _dependencies(capability: Offered | None) -> Iterable[str]:
    yield f"pegboard>={version('pegboard').partition('+')[0]}"
    if capability and capability.distribution:
        yield capability.distribution


def _unhandled(file: str) -> str:
    return _not_filled_in(file, "handle", "do what is to be done about a webhook", indent=4)


def _not_filled_in(file: str, function: str, task: str, indent: int = 8) -> str:
    """The statement that raises until the author has written the function, as a formatter would leave it."""
    text = f"{function} in {file} must {task}"
    plain = text.replace("\\", "\\\\")
    quoted = f"'{plain}'" if '"' in text and "'" not in text else '"' + plain.replace('"', '\\"') + '"'
    line = f"raise NotImplementedError({quoted})"
    return line if len(line) + indent <= WIDTH else f"raise NotImplementedError(\n    {quoted}\n)"
