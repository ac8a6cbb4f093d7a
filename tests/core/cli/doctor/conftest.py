"""What the tests of the doctor share: one finding by its name, and a production board that is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.cli.deployment import Deployment

Ask = Callable[..., dict[str, dict[str, Any]]]
STRONG = "dY3kP9_qLw7Rz2Vb8TnXc5MhJf4Gs6Ae1UoKi0Np"


@pytest.fixture
def ask(deployment: Deployment) -> Ask:
    """Runs the doctor; its findings by the name of the check."""

    def run(*arguments: str) -> dict[str, dict[str, Any]]:
        return {row["check"]: row for row in deployment.json("doctor", *arguments)}

    return run


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a production board without a fault; change it with what is returned."""
    monkeypatch.setenv("PEGBOARD_ENV", "production")
    monkeypatch.setenv("SECRET_KEY", STRONG)
    monkeypatch.setenv("PUBLIC_URL", "https://shop.example")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///instance/production.db")
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    return monkeypatch
