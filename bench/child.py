"""A boot in a fresh process: prints the CPU seconds from here to a finished application, as JSON."""

from __future__ import annotations

import sys
from time import process_time

_STARTED = process_time()


def main(kind: str, folder: str) -> None:
    """Boot one kind of application. `cold` counts the modules that had to be compiled."""
    from pathlib import Path

    place = Path(folder)
    if kind == "board":
        from bench.boards import board

        board(place)
    elif kind == "by_hand":
        _by_hand(place)
    else:
        from bench.boards import bare_board

        # "empty" enables what was written to `place`; "bare" nothing; "unused" only has more installed.
        names = sorted(file.stem for file in (place / "empty").glob("*.py")) if kind == "empty" else ()
        sys.path += {"empty": [str(place / "empty")], "unused": [str(place / "installed")]}.get(kind, [])
        bare_board(place, tuple(f"{name}:Empty" for name in names))
    took = process_time() - _STARTED
    print(f'{{"seconds": {took!r}, "cold": {_cold()}}}')


def _by_hand(place: object) -> None:
    """Everything at the top, as applications have it: the extensions, and the SDK where the board has its plugin."""
    from pathlib import Path

    import argon2  # noqa: F401
    import email_validator  # noqa: F401
    import flask_migrate
    import flask_sqlalchemy  # noqa: F401
    import limits.storage
    import limits.strategies  # noqa: F401

    from bench.boards import builtins, has_s3
    from bench.by_hand import by_hand
    from bench.hello_by_hand import hello

    if has_s3():
        import boto3  # noqa: F401
    app = by_hand(Path(str(place)), hello())
    if builtins():
        flask_migrate.Migrate(app, app.extensions["sqlalchemy"])


def _cold() -> int:
    """Modules whose compiled form is not on disk: with any of them the figures mean nothing."""
    from pathlib import Path

    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    return sum(1 for spec in specs if spec and spec.has_location and spec.cached and not Path(spec.cached).exists())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
