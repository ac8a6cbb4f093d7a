"""A boot in a fresh process: against eager imports, with empty plugins, with plugins that nobody enables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .boards import has_s3
from .empty import COUNT, INSTALLED, installed, written
from .measure import Sample, difference, pairs, ratio
from .report import Row

ROOT = Path(__file__).resolve().parents[1]
_SECONDS = 120


def against_eager_imports(folder: Path) -> Iterator[Row]:
    """What is imported on first use is not paid for at boot."""
    measured = ratio(pairs(_boots("board", folder), _boots("by_hand", folder)))
    yield Row("a boot, against eager imports", 0.75, "×", measured, "" if has_s3() else "without an SDK on either side")


def with_empty_plugins(folder: Path) -> Iterator[Row]:
    """What each enabled plugin that contributes nothing adds, its import included."""
    written(folder)
    extra = difference(pairs(_boots("empty", folder), _boots("bare", folder)))
    yield Row("an empty plugin, more per boot", 1.0, "ms", extra.scaled(1e3 / COUNT))


def with_unused_plugins(folder: Path) -> Iterator[Row]:
    """What is installed and not enabled adds, all together."""
    installed(folder)
    extra = difference(pairs(_boots("unused", folder), _boots("bare", folder)))
    yield Row(f"{INSTALLED:,} plugins installed and not enabled", 50.0, "ms", extra.scaled(1e3))


def _boots(kind: str, folder: Path) -> Sample:
    _check_warm(kind, folder)
    return lambda: float(_boot(kind, folder)["seconds"])


def _check_warm(kind: str, folder: Path) -> None:
    """One boot to compile, one to see that nothing was left to compile."""
    _boot(kind, folder)
    if cold := _boot(kind, folder)["cold"]:
        raise RuntimeError(
            f"{cold} modules have no bytecode on disk: unset PYTHONDONTWRITEBYTECODE, or make it writable"
        )


def _boot(kind: str, folder: Path) -> dict[str, float]:
    dropped = ("PYTHONDONTWRITEBYTECODE", "PEGBOARD_CONFIG", "PEGBOARD_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    command = [sys.executable, "-m", "bench.child", kind, str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the boot of {kind!r} failed:\n{done.stderr}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer
