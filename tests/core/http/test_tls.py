"""Over https: whose certificate nobody vouches for is not talked to, and all limits hold as they do over http."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegboard.errors import Unreachable
from pegboard.http import Limits
from pegboard.testing.faults import FaultProxy
from tests.absence import absent
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Vendor
from tests.core.http.vendor import vendor as vendors


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for localhost that vouches for itself; its key is beside it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        absent("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *made]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder / "certificate.pem"


@pytest.fixture
def vendor(certificate: Path) -> Iterator[Vendor]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with vendors(context) as found:
        yield found


def test_who_is_vouched_for_is_called_over_one_connection(
    vendor: Vendor, connect: Connect, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    client = connect(f"https://localhost:{vendor.port}")
    assert [client.get("/").json() for _ in range(3)] == [{"ok": True}] * 3
    assert len({one.peer for one in vendor.asked}) == 1


def test_who_is_not_vouched_for_is_told_nothing(vendor: Vendor, connect: Connect) -> None:
    with pytest.raises(Unreachable, match="certificate verify failed"):
        connect(f"https://localhost:{vendor.port}", limits=Limits(tries=1)).get("/")
    assert vendor.asked == []


def test_a_handshake_that_hangs_ends_with_the_time_to_connect(vendor: Vendor, connect: Connect) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.blackhole()
        client = connect(f"https://localhost:{proxy.port}", limits=Limits(connect=0.2, read=3600, total=3600, tries=1))
        with pytest.raises(Unreachable, match="no connection in time"):
            client.get("/")
