"""The checks `settings` and `secrets`: everything wrong is reported together, and what is secret is shown nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..discovery import Found
from ..resolution import Resolved, resolve
from ..settings import SettingsModel, is_secret
from ..sources import given_sources
from . import lines
from .boards import found
from .child import Answer, Task
from .leaks import report_leaks, shown_by_board, shown_by_command
from .placeholders import own_fields, placeholders
from .watch import Watch

_WRONG: tuple[Any, ...] = ({"no": ["such", "value"]}, [["no such value"]], -1.5, "no such value")
_SECRET_NAME = re.compile(r"(^|_)(secret|password|passphrase|token|api_key|secret_key|private_key|credentials?)$")


def probe(task: Task, answer: Answer) -> None:
    """Give it wrong settings, then right ones with secrets to look for."""
    one = found(task.subject.reference)
    if not isinstance(one, Found):
        raise TypeError(one.message)
    filled = placeholders(one.plugin.Settings, secrets=True)
    if filled.unfilled:
        answer.notes["secrets"] = f"not looked for {', '.join(filled.unfilled)}: give it examples=[…]"
    with Watch(task.subject.home, [task.folder]).watching():  # what it does is refused here too, and reported by others
        task.begin("settings")
        _reject(task, one, answer)
        task.begin("secrets")
        _name_secrets(task, one, answer)
        shown = shown_by_board(task, one, filled) if filled.planted else []
    if filled.planted:
        report_leaks(task, one, filled, [*shown, shown_by_command(task, one, filled)], answer)


def _reject(task: Task, one: Found, answer: Answer) -> None:
    """A wrong value for every setting at once: each must be named."""
    model = one.plugin.Settings
    wrong = {key: value for key in own_fields(model) if (value := _refused_by_type(model, key)) is not None}
    if unchecked := [key for key in own_fields(model) if key not in wrong]:
        answer.notes["settings"] = f"not looked at, since any value is of the type of {', '.join(unchecked)}"
    why = "Whoever deploys it would mend one setting, start again, and meet the next."
    try:
        named = {problem.key for problem in _resolved(one, wrong).problems}
    except Exception as error:  # noqa: BLE001 - whatever an author's validator raises is what is to be mended
        what = f"a validator raises {type(error).__name__} ({error}) for a value of another type"
        answer.add("settings", what, "The board ends with a traceback, and names no setting.",
                   "check the type first, or validate after the field's own type (mode='after'); raise ValueError only",
                   lines.of_error(task.subject, error) or lines.of_class(task.subject, model))  # fmt: skip
        return
    if unnamed := [key for key in wrong if key not in named]:
        said = f"only {', '.join(sorted(named & wrong.keys()))}" if named & wrong.keys() else "none"
        answer.add("settings", f"of {len(wrong)} wrong settings {said} is reported, and not: {', '.join(unnamed)}", why,
                   "validate each field by itself (field_validator); a model_validator only with mode='after'",
                   lines.of_class(task.subject, model))  # fmt: skip


def _refused_by_type(model: type[SettingsModel], key: str) -> Any:
    """A value that is not of the field's type. None where there is no such value."""
    annotation: Any = model.model_fields[key].annotation
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    for value in _WRONG:
        try:
            adapter.validate_python(value)
        except ValidationError:
            return value
    return None


def _resolved(one: Found, values: Mapping[str, Any]) -> Resolved[Any]:
    name, model = one.plugin.name, one.plugin.Settings
    prefix = model.env_prefix or f"{name.upper()}_"
    return resolve(model, given_sources({name: values}), plugin=name, table=name, prefix=prefix)


def _name_secrets(task: Task, one: Found, answer: Answer) -> None:
    """A setting that is called like a secret, and is not declared as one."""
    for key in own_fields(one.plugin.Settings):
        info = one.plugin.Settings.model_fields[key]
        if "str" in str(info.annotation) and not is_secret(info) and _SECRET_NAME.search(key) and "public" not in key:
            answer.add("secrets", f"{key} looks like a secret and is not a SecretStr",
                       "It is shown in full by `config show`, in a repr and in logs.",
                       "declare it as SecretStr; where it is no secret, call it otherwise",
                       lines.of_field(task.subject, one.plugin.Settings, key), warning=True)  # fmt: skip
