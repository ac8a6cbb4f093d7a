"""Which plugin the tests are about, its settings, and a real WebDAV server. The other fixtures come from `pegboard.testing`."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pegboard import Plugin
from pegboard.testing.faults import FaultProxy
from pegboard.testing.peers import free_ports
from pegboard.testing.servers import StartPeer
from pegboard_webdav_files.plugin import WebDAVFiles

USER, PASSWORD = "board", "an unguessable secret"


@pytest.fixture
def plugin() -> type[Plugin[Any]]:
    return WebDAVFiles


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server serves."""
    return tmp_path_factory.mktemp("webdav")


@pytest.fixture(scope="session")
def port(peer: StartPeer, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Where WsgiDAV listens. It lets in `USER` with `PASSWORD`."""
    (number,) = free_ports(1)
    config = tmp_path_factory.mktemp("wsgidav") / "wsgidav.json"
    config.write_text(
        json.dumps(
            {
                "host": "127.0.0.1",
                "port": number,
                "provider_mapping": {"/": str(folder)},
                "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
                "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            }
        )
    )
    command = [sys.executable, "-m", "wsgidav.server.server_cli", "--config", str(config)]
    peer("wsgidav", command, ready=lambda: _listens(number), timeout=60)
    return number


def _listens(number: int) -> bool:
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", number)) == 0


@pytest.fixture
def plugin_settings(port: int) -> Mapping[str, Any]:
    """What every board of the tests is given: they lead to the server."""
    return {"url": f"http://127.0.0.1:{port}", "user": USER, "password": PASSWORD}


@pytest.fixture
def proxy(port: int) -> Iterator[FaultProxy]:
    """A bad network before the server."""
    with FaultProxy(port) as proxy:
        yield proxy
