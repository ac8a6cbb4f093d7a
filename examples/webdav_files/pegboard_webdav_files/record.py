"""What is kept of an object beside its bytes, in front of them: type, etag and metadata, in `LENGTH` bytes of JSON.

WebDAV has properties for this, but many servers keep none, and none replaces them together with the bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

LENGTH = 4096  # bytes, however long the record is: so it is known where an object's bytes begin


@dataclass(frozen=True, slots=True)
class Record:
    """`etag` is made anew by every write."""

    content_type: str
    etag: str
    metadata: Mapping[str, str]

    def as_bytes(self) -> bytes:
        values = [self.content_type, self.etag, dict(self.metadata)]
        return json.dumps(values, separators=(",", ":")).encode().ljust(LENGTH - 1) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """Raises `ValueError` for anything that was not made by `as_bytes`."""
        values = json.loads(data)
        if len(data) != LENGTH or not isinstance(values, list) or len(values) != 3:
            raise ValueError("this is no record")
        content_type, etag, metadata = values
        return cls(str(content_type), str(etag), dict(metadata))
