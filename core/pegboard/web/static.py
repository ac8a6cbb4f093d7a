"""Static files of the core, of plugins and of the deployment below one URL, each named with a hash of its content."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from flask import Flask, current_app, request, send_from_directory, url_for
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join
from werkzeug.wrappers import Response

from pegboard.board import Plan

EXTENSION = "pegboard.static"
CORE = Path(__file__).parent / "static"
_YEAR = 31_536_000


class StaticFiles:
    """The folders by owner, and the hash of each file that a page has named."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self.folders = folders
        self._hashes: dict[str, str] = {}

    def version(self, owner: str, path: str, *, fresh: bool) -> str:
        """Eight hexadecimal digits of the content's SHA-256, or nothing where there is no such file."""
        key = f"{owner}/{path}"
        if fresh or key not in self._hashes:
            found = safe_join(str(self.folders[owner]), path) if owner in self.folders else None
            try:
                if found is None or not Path(found).is_file():
                    return ""
            except OSError:  # a name too long for the file system
                return ""
            key = f"{owner}/{Path(found).relative_to(self.folders[owner])}"
            self._hashes[key] = sha256(Path(found).read_bytes()).hexdigest()[:8]
        return self._hashes[key]


def init_static(app: Flask, plan: Plan) -> None:
    """Serve `/static/<owner>/<path>`: `core`, `deployment` and each plugin."""
    folders = {entry.name: part for entry in plan.active if (part := entry.part("static"))}
    folders["core"] = CORE
    if (plan.folder / "static").is_dir():
        folders["deployment"] = plan.folder / "static"
    app.extensions[EXTENSION] = StaticFiles(folders)
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=_serve)


def static_url(name: str) -> str:
    """The URL of `path` in the core, or of `owner:path`, to be cached for a year."""
    owner, _, path = name.rpartition(":")
    files: StaticFiles = current_app.extensions[EXTENSION]
    version = files.version(owner or "core", path, fresh=current_app.debug)
    return url_for("static", filename=f"{owner or 'core'}/{path}", v=version or None)


def _serve(filename: str) -> Response:
    owner, _, path = filename.partition("/")
    files: StaticFiles = current_app.extensions[EXTENSION]
    if owner not in files.folders or not path:
        raise NotFound
    named = request.args.get("v")
    age = _YEAR if named and named == files.version(owner, path, fresh=current_app.debug) else None
    response = send_from_directory(files.folders[owner], path, max_age=age)
    if age:
        response.cache_control.public, response.cache_control.immutable = True, True
    return response
