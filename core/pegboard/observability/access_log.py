"""The access log of gunicorn, with the id of each request, and without what opens something: query
strings, and the tokens of signed links in paths.

For `gunicorn.conf.py`: `logger_class = "pegboard.observability.access_log.AccessLog"` and `access_log_format = FORMAT`.
"""

from __future__ import annotations

import re
from typing import Any

from gunicorn.glogging import Logger

FORMAT = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms %({x-request-id}o)s'
_TOKEN = re.compile(r"[A-Za-z0-9_.=~-]{40,}")


class AccessLog(Logger):
    """Logs the path of each request with its long random parts replaced."""

    def atoms(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(*args, **kwargs)
        return atoms | {"U": without_tokens(atoms["U"] or "")}


def without_tokens(path: str) -> str:
    """A path as it may be written down."""
    return _TOKEN.sub("…", path)
