"""Sizes as people read them."""

from __future__ import annotations

from pegboard.i18n import ngettext

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def file_size(count: int) -> str:
    """Bytes in the largest unit that keeps the number at one or above: `512 bytes`, `2.3 MiB`, `100 MiB`."""
    if count < 1024:
        return ngettext("%(num)s byte", "%(num)s bytes", count)
    power = 1
    while round(count / 1024**power, 1) >= 1024 and power < len(_UNITS):
        power += 1
    return f"{count / 1024**power:.1f}".removesuffix(".0") + f" {_UNITS[power - 1]}"
