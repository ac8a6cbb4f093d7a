"""Writes the locks: `python -m tools.lock` resolves what the distributions declare, and leaves every version that still fits.

With `--upgrade` it takes the newest stable versions of everything, with `--upgrade-package NAME` of that package alone.
Each line carries its hashes and none an address, so a lock says what is installed and leaves from where to the machine.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.installer import InstallError, run_uv, say
from tools.manifest import LOCKS, ROOT, dev_requirements, peer_requirements, run_requirements

OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
)


def write(
    name: str, requirements: list[str], upgrades: Sequence[str] = (), *, agree_with: tuple[str, ...] = ()
) -> None:
    """Resolve `requirements` into requirements/<name>.txt, at the versions that the locks `agree_with` chose.

    What the file holds already stays as it is, where it can, but for what the options `upgrades` say.
    """
    say(f"Resolving requirements/{name}.txt")
    constraints = [part for other in agree_with for part in ("--constraint", str(LOCKS / f"{other}.txt"))]
    with TemporaryDirectory() as scratch:
        source, target = Path(scratch) / f"{name}.in", LOCKS / f"{name}.txt"
        source.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        command = ["pip", "compile", *OPTIONS, *upgrades, *constraints, str(source), "--output-file", str(target)]
        if not run_uv(command, extra_indexes=False):
            raise InstallError(f"requirements/{target.name} could not be resolved; the reason is above.")


def main(arguments: Sequence[str]) -> None:
    """Write every lock. The installer's own is written first, by the installer it names now."""
    upgrades = _upgrades(arguments)
    bootstrap = [line for line in (LOCKS / "bootstrap.in").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    write("bootstrap", bootstrap, upgrades)
    write("run", run_requirements(), upgrades)
    write("peers", peer_requirements(), upgrades, agree_with=("run",))
    write("dev", dev_requirements(), upgrades, agree_with=("run", "peers", "bootstrap"))
    say(f"Locks written in {(LOCKS).relative_to(ROOT)}; make test installs and tries them")


def _upgrades(arguments: Sequence[str]) -> list[str]:
    parser = ArgumentParser(prog="make lock", description="Write requirements/*.txt.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest stable version of everything")
    parser.add_argument(
        "--upgrade-package", metavar="NAME", action="append", default=[], help="take that of one package"
    )
    chosen = parser.parse_args(arguments)
    named = [part for name in chosen.upgrade_package for part in ("--upgrade-package", name)]
    return [*(["--upgrade"] if chosen.upgrade else []), *named]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InstallError as error:
        sys.exit(f"pegboard: {error}")
