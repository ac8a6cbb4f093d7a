"""Runs one local server and ends it when the process that asked for it is gone, however that ended.

A program of its own, on the standard library alone; `peers.start_server` starts it. Its order is JSON in the first
argument. It prints the server's process id, or why there is none. Its input stays open while the server is wanted.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import select
import shutil
import signal
import subprocess
import sys


def main() -> None:
    order = json.loads(sys.argv[1])
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        with open(order["log"], "ab") as log:  # noqa: PTH123 - pathlib would double the time to start
            server = subprocess.Popen(  # noqa: S603 - the command comes from our own caller
                order["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
    except OSError as error:
        print(error)  # noqa: T201
        return
    try:
        print(server.pid, flush=True)  # noqa: T201
        while server.poll() is None and os.getppid() == parent:
            if select.select([0], [], [], 0.5)[0] and not os.read(0, 1):
                break
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        for pattern in order["remove"]:
            for path in glob.glob(pattern):  # noqa: PTH207
                _remove(path)


def _remove(path: str) -> None:
    if os.path.isdir(path):  # noqa: PTH112
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108


if __name__ == "__main__":
    main()
