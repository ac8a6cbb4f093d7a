"""A board with files on local storage, served on loopback until its standard input closes; prints its port first."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from werkzeug.serving import make_server

from pegboard.app import create_app
from pegboard.db import db
from pegboard.live import board_of
from pegboard.settings import BoardSettings

_LARGEST = 2 * 1024**3


def main(folder: Path, port: int) -> None:
    """Serve the board."""
    settings = BoardSettings.model_validate(
        {
            "env": "development", "public_url": f"http://127.0.0.1:{port}", "instance_path": folder,
            "database_url": f"sqlite:///{folder / 'files.db'}", "builtins": ("files", "local_files"),
            "plugins": ("bench.visitor:Visitor",),
        }
    )  # fmt: skip
    app = create_app(settings, config={"files": {"max_size": _LARGEST}})
    with app.app_context():
        tables = [table for entry in board_of(app).plan.active for table in entry.tables]
        db.metadata.create_all(db.engine, tables=tables)
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
