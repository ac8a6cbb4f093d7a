"""A person's file name as a response header: nothing in it may end the header, leave a folder or deceive the reader."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

MAX_NAME = 150  # characters
_NOT_PLAIN = re.compile(r"[^ !#$&+\-.0-9A-Za-z^_`{}~()\[\],=@]")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, direction-changing, half characters, line ends


def content_disposition(filename: str | None, *, inline: bool) -> str:
    """The header `Content-Disposition` (RFC 6266): an ASCII name, and the exact one (RFC 8187) when they differ.

    Folders and unseen characters are taken out of the name, and it is cut at `MAX_NAME`, keeping the extension.
    """
    kind = "inline" if inline else "attachment"
    name = clean_filename(filename or "")
    if not name:
        return kind
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _NOT_PLAIN.sub("_", ascii_only).strip()
    if not plain or plain.startswith("."):
        plain = f"file{plain}"
    value = f'{kind}; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe='')}"


def clean_filename(filename: str) -> str:
    """The last part of a path, without unseen characters, outer dots and spaces; may be empty."""
    name = re.split(r"[/\\]", filename)[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in _UNSEEN).strip(" .")
    if len(name) <= MAX_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    keep = MAX_NAME - 1 - len(extension)
    return f"{stem[:keep]}.{extension}" if dot and stem and len(extension) <= 20 else name[:MAX_NAME]
