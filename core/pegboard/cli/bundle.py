"""What goes with a bug report: all that explains a board, and nothing that opens it."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

from ..board import Plan
from ..collect import Entry
from ..rehearsal import CORE_RULES, Rehearsal, mount_point
from .config import settings_rows
from .doctor import examine
from .doctor.findings import Asking
from .known_secrets import redactor

_LINES, _BYTES = 200, 65_536


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle: text, or data that is written as JSON. `about` says in words what it holds."""

    file: str
    about: str
    content: Any


def bundle(plan: Plan, seconds: float) -> list[Part]:
    """Everything, cleaned of secrets. A part that cannot be made says why; questions to others take `seconds` at most."""
    parts = [
        Part("versions.json", "Python, the system, pegboard, the plugins and what they need", _made(versions, plan)),
        Part("plan.json", "the plugins in boot order, with states, reasons and milliseconds", _made(order, plan)),
        Part("settings.json", "every setting with its source; secrets are masked", _made(settings_rows, plan)),
        Part(
            "doctor.json",
            "what pegboard doctor finds",
            _made(lambda p: [asdict(one) for one in examine(p, seconds)], plan),
        ),
        Part("urls.json", "every URL, whose it is, and its endpoint", _made(urls, plan)),
        Part(
            "migrations.json",
            "how far the tables of each plugin are",
            _made(lambda p: Asking(lambda: migrations(p)).answer(seconds), plan),
        ),
        *logs(plan),
    ]
    clean = redactor(plan).clean
    return [replace(part, file=clean(part.file), content=clean(part.content)) for part in parts]


def versions(plan: Plan) -> dict[str, Any]:
    """What runs here, and which version of it."""
    names = dict.fromkeys(["pegboard", *(entry.origin for entry in plan.entries if entry.version)])
    found = {name: one for name in names if (one := _distribution(name))}
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "distributions": {name: one.version for name, one in found.items()},
        "packages": dict(sorted(_requirements(found.values()))),
    }


def order(plan: Plan) -> dict[str, Any]:
    """The plan: what takes part, what does not, and why."""
    usable = plan.board.usable
    return {
        "environment": usable.env if usable else None,
        "safe": plan.safe,
        "configuration": str(plan.sources.file or ""),
        "plugins": [_entry(number, entry) for number, entry in enumerate(plan.entries, 1)],
        "problems": [asdict(problem) for problem in plan.problems],
        "warnings": [asdict(warning) for warning in plan.board.warnings],
    }


def urls(plan: Plan) -> list[dict[str, Any]]:
    """The URL map, also of a board that cannot boot."""
    found = [{"plugin": "core", "rule": rule, "methods": ["GET"], "endpoint": ""} for rule in CORE_RULES]
    for entry in plan.active:
        rehearsal = Rehearsal()
        for blueprint in entry.list("blueprints"):
            rehearsal.register_blueprint(blueprint, url_prefix=mount_point(entry, blueprint) or None)
        found += [
            {"plugin": entry.name, "rule": rule, "methods": sorted(methods), "endpoint": endpoint}
            for rule, endpoint, methods, *_ in rehearsal.noted
        ]
    return found


def migrations(plan: Plan) -> list[dict[str, Any]]:
    """The revisions in the database and in the code."""
    from ..migrations.standing import standings

    return [
        {
            "plugin": one.name, "current": sorted(one.current), "heads": sorted(one.heads),
            "behind": one.behind, "unknown": sorted(one.unknown), "problem": one.problem,
        }
        for one in standings(plan, plan.database_url)
    ]  # fmt: skip


def logs(plan: Plan) -> Iterator[Part]:
    """The last lines that the local servers of the sandbox have written."""
    if plan.board.value is None:
        return
    for file in sorted((plan.instance_path / "sandbox").glob("*/*.log")):
        yield Part(
            f"logs/{file.parent.name}-{file.name}", f"the end of the log of {file.parent.name}", _made(_tail, file)
        )


def _made(part: Callable[[Any], Any], of: Any) -> Any:
    try:
        return part(of)
    except Exception as error:  # noqa: BLE001 - the other parts are wanted all the more
        return {"error": f"{type(error).__name__}: {error}"}


def _entry(number: int, entry: Entry) -> dict[str, Any]:
    return {
        "order": number,
        "name": entry.name,
        "state": "failed" if entry.problems else entry.state,
        "version": entry.version,
        "origin": entry.origin,
        "requires": list(entry.plugin.requires),
        "on_failure": entry.on_failure,
        "milliseconds": round(entry.seconds * 1000, 1),
        "reasons": [str(problem) for problem in entry.problems],
    }


def _distribution(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _requirements(found: Iterable[Distribution]) -> Iterator[tuple[str, str]]:
    for one in found:
        for line in one.requires or ():
            name = re.split(r"[\s\[<>=!~;(@]", line, maxsplit=1)[0]
            try:
                yield name, version(name)
            except PackageNotFoundError:  # an extra that is not installed
                continue


def _tail(file: Path) -> str:
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - _BYTES))
        text = opened.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-_LINES:]) + "\n"
