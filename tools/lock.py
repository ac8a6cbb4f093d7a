"""Writes the locks: `python -m tools.lock` resolves what the distributions declare to the newest stable versions.

Each line carries its hashes and none an address, so a lock says what is installed and leaves from where to the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.installer import InstallError, run_uv, say
from tools.manifest import LOCKS, ROOT, dev_requirements, peer_requirements, run_requirements

OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade", "--quiet"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
)


def write(name: str, requirements: list[str], *, agree_with: tuple[str, ...] = ()) -> None:
    """Resolve `requirements` into requirements/<name>.txt, at the versions that the locks `agree_with` chose."""
    say(f"Resolving requirements/{name}.txt")
    constraints = [part for other in agree_with for part in ("--constraint", f"requirements/{other}.txt")]
    with TemporaryDirectory() as scratch:
        source, target = Path(scratch) / f"{name}.in", f"requirements/{name}.txt"
        source.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        command = ["pip", "compile", *OPTIONS, *constraints, str(source), "--output-file", target]
        if not run_uv(command, extra_indexes=False):
            raise InstallError(f"{target} could not be resolved; the reason is above.")


def main() -> None:
    """Renew every lock. The installer's own is renewed first, by the installer it names now."""
    bootstrap = [line for line in (LOCKS / "bootstrap.in").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    write("bootstrap", bootstrap)
    write("run", run_requirements())
    write("peers", peer_requirements(), agree_with=("run",))
    write("dev", dev_requirements(), agree_with=("run", "peers", "bootstrap"))
    say(f"Locks renewed in {(LOCKS).relative_to(ROOT)}; make test installs and tries them")


if __name__ == "__main__":
    try:
        main()
    except InstallError as error:
        sys.exit(f"pegboard: {error}")
