"""A log that says when, how grave and who, where the deployment has not set up one of its own."""

from __future__ import annotations

import logging
import time

FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"


def init_logs() -> None:
    """Write the board's messages to standard error, unless somebody handles them already."""
    log = logging.getLogger("pegboard")
    if log.hasHandlers():
        return
    formatter = logging.Formatter(FORMAT, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
