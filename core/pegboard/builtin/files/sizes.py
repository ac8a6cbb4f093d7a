"""Sizes as people read them."""

from __future__ import annotations

from pegboard.i18n import ngettext

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def file_size(count: int) -> str:
    """Bytes in the largest unit that keeps the number at one or above: `512 bytes`, `2.3 MiB`, `100 MiB`."""
    if count < 1024:
        return ngettext("%(num)s byte", "%(num)s bytes", count)
    value, unit = float(count), ""
    for unit in _UNITS:
        value /= 1024
        if round(value, 1) < 1024:
            break
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"
