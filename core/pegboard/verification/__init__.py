"""Verification of a plugin: whether it keeps the rules that let plugins of strangers live on one board.

    from pegboard.verification import verify
    assert verify("shop").passed

Everything that runs the plugin's code does so in a process of its own, without network and with a time limit.
"""

from __future__ import annotations

from .findings import CHECKS, Finding, Outcome, Report
from .verifying import verify

__all__ = ["CHECKS", "Finding", "Outcome", "Report", "verify"]
