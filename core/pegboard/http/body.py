"""Reads a body whole, but no more of it than is wanted."""

from __future__ import annotations

import httpx2

_PACKING = ("content-encoding", "content-length", "transfer-encoding")


def read_whole(response: httpx2.Response, request: httpx2.Request, most: int) -> httpx2.Response | None:
    """The same answer with its body unpacked and in memory; None where that is larger than `most` bytes."""
    declared = response.headers.get("content-length", "")
    if request.method != "HEAD" and declared.isdecimal() and int(declared) > most:
        return None
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > most:
            return None
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _PACKING]
    return httpx2.Response(response.status_code, headers=headers, content=bytes(body), request=request)
