"""`python -m bench [NAME …]`: run the scenarios, all or those named, and print the table. Exit code 1 on a miss."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from . import boot, presign, requests, transfers, webhooks, work
from .report import Row, announce, summary, table

SCENARIOS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "request": requests.against_hand_wired,
    "boot": boot.against_eager_imports,
    "empty-boot": boot.with_empty_plugins,
    "empty-request": requests.with_empty_plugins,
    "unused": boot.with_unused_plugins,
    "transfer": transfers.one_gibibyte,
    "transfer-s3": transfers.one_gibibyte_on_s3,
    "webhook": webhooks.against_the_insert,
    "webhook-burst": webhooks.under_a_burst,
    "presign": presign.against_the_sdk,
    "work": work.against_celery,
    "record": work.recorded,
    "claim": work.claims,
}


def main() -> int:
    """Print the table of the scenarios named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure speed and memory against the budgets."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(SCENARIOS)} (default: all)")
    chosen = parser.parse_args().names or list(SCENARIOS)
    if unknown := [name for name in chosen if name not in SCENARIOS]:
        parser.error(f"no scenario {unknown[0]!r}; there are: {', '.join(SCENARIOS)}")
    rows: list[Row] = []
    for name in chosen:
        announce(f"measuring {name} …")
        with tempfile.TemporaryDirectory(prefix="pegboard-bench-") as folder:
            for row in SCENARIOS[name](Path(folder)):
                rows.append(row)
                announce(summary(row))
    print(table(rows))
    return 1 if any(row.verdict == "MISSED" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
