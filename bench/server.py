"""A board with files, served on loopback until its standard input closes; prints `ready` first.

The first line of the input names further plugins with their settings, as JSON; without any, files are local.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from werkzeug.serving import make_server

from pegboard.app import create_app
from pegboard.live import board_of
from pegboard.migrations import upgrade
from pegboard.settings import BoardSettings

_LARGEST = 2 * 1024**3


def main(folder: Path, port: int) -> None:
    """Serve the board."""
    more = json.loads(sys.stdin.readline())
    settings = BoardSettings.model_validate(
        {
            "env": "development", "public_url": f"http://127.0.0.1:{port}", "instance_path": folder,
            "database_url": f"sqlite:///{folder / 'files.db'}", "builtins": ("files", "local_files"),
            "plugins": ("bench.visitor:Visitor", *more),
        }
    )  # fmt: skip
    app = create_app(settings, config={"files": {"max_size": _LARGEST}, **more})
    plan = board_of(app).plan
    upgrade(app, plan, plan.database_url)
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
