"""A vendor on this machine, and clients that are closed when a test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pegboard.http import HttpClient
from tests.core.http import vendor as vendors

Connect = Callable[..., HttpClient]


@pytest.fixture
def vendor() -> Iterator[vendors.Vendor]:
    with vendors.vendor() as found:
        yield found


@pytest.fixture
def connect(vendor: vendors.Vendor) -> Iterator[Connect]:
    """Makes a client of the vendor; `url` leads it elsewhere."""
    made: list[HttpClient] = []

    def client(url: str = "", **options: Any) -> HttpClient:
        made.append(HttpClient("shop", url or vendor.url, **options))
        return made[-1]

    yield client
    for one in made:
        one.close()
