"""What others tell us: `POST /webhooks/<source>` verifies, stores and acknowledges; a worker does the rest, later.

A plugin names its sources in the hook `webhook_sources`, each with a verifier: `TimestampedHmac`, `StandardWebhooks`, or one
of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .standard import StandardWebhooks, standard_label
    from .timestamped import TimestampedHmac

__all__ = ["StandardWebhooks", "TimestampedHmac", "standard_label"]

_HOMES = {"StandardWebhooks": "standard", "TimestampedHmac": "timestamped", "standard_label": "standard"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pegboard.webhooks' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
