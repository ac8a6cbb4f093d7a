"""What others tell us: `POST /webhooks/<source>` verifies, stores and acknowledges; a worker does the rest, later.

A plugin names its sources in the hook `webhook_sources`, each with a verifier: `TimestampedHmac`, `StandardWebhooks`, or one
of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pegboard.lazily import lazily

if TYPE_CHECKING:
    from .standard import StandardWebhooks, standard_label
    from .timestamped import TimestampedHmac

__all__ = ["StandardWebhooks", "TimestampedHmac", "standard_label"]

_HOMES = {"StandardWebhooks": "standard", "TimestampedHmac": "timestamped", "standard_label": "standard"}

__getattr__ = lazily(__name__, _HOMES)
