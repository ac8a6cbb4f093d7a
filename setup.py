"""Puts the front-end files of third parties into what is built: the metadata of the distribution is in setup.cfg.

They come from a wheel on the package index, so that nothing but Python is needed, and they are never committed. A wheel
gets them inside; an editable install gets them below `core/`, where git ignores them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
STATIC = Path("pegboard/web/static/vendor")


class VendorError(Exception):
    """A front-end file is missing or is not the one that was reviewed."""


@dataclass(frozen=True)
class VendorFile:
    """One file of `distribution`, copied below the static folder as `target`; `sha256` is of its exact bytes."""

    distribution: str
    version: str
    source: str
    target: str
    sha256: str
    licence: str

    def read(self) -> bytes:
        """The verified bytes. Raises VendorError."""
        pin = f"{self.distribution}=={self.version}"
        try:
            found = metadata.distribution(self.distribution)
        except metadata.PackageNotFoundError:
            raise VendorError(f"{self.target} comes from {pin}, which is not installed: pip install {pin}") from None
        if found.version != self.version:
            raise VendorError(f"{self.target} comes from {pin}, but {found.version} is installed: pip install {pin}")
        path = Path(str(found.locate_file(self.source)))
        try:
            content = path.read_bytes()
        except OSError as error:
            raise VendorError(f"{pin} does not hold {self.source}: {error}. Install it again.") from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256:
            raise VendorError(
                f"{self.source} of {pin} is not the file that was reviewed: its sha256 is {digest}, not {self.sha256}. "
                "Do not use it; install the distribution again, from an index you trust."
            )
        return content


VENDOR_FILES = (
    VendorFile(
        distribution="bootstrap-flask",
        version="2.6.0",
        source="flask_bootstrap/static/bootstrap5/css/bootstrap.min.css",
        target="bootstrap/bootstrap.min.css",
        sha256="d85327d99c7a3ee1f9b5d0500d1370acea3ad2db39c163c2f51f232baedbdede",  # Bootstrap 5.3.8, as on npm
        licence="tools/bootstrap-licence.txt",
    ),
)


def copy_vendor_files(root: Path, files: Iterable[VendorFile] = VENDOR_FILES) -> None:
    """Write every file, and its licence beside it, below `root`/pegboard/web/static/vendor. Raises VendorError."""
    for file in files:
        content = file.read()
        target = root / STATIC / file.target
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        (target.parent / "LICENSE").write_bytes((HERE / file.licence).read_bytes())


class BuildWithVendorFiles(build_py):
    """The usual build step, then the front-end files."""

    def run(self) -> None:
        super().run()
        copy_vendor_files(HERE / "core" if self.editable_mode else Path(self.build_lib))


if __name__ == "__main__":
    setup(cmdclass={"build_py": BuildWithVendorFiles})
