"""Takes secrets out of text: those that are known, however they are spelt, and whatever looks like one."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "********"
SHORTEST = 4
"""Characters of the shortest secret that is looked for by its value: a shorter one cannot be told from ordinary text."""

NAME_OF_SECRET = re.compile(
    r"(?i)secret|token|passw|passphrase|credential|private|signature|cookie|auth(?!or(?!iz))|api_?key|access_?key|_key$|_pwd|dsn$|salt"
)
_NAMED = (
    r"[\w.-]*(?:secret|token|passw|passphrase|credential|signature|api[-_]?key|access[-_]?key|private[-_]?key)[\w.-]*"
)
_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token"
_UNDER_A_NAME = (
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL, MASK),
    (rf"(?<![\w-])({_HEADERS})([\"']?\s*:\s*[\"']?)[^\r\n\"']+", re.IGNORECASE, rf"\1\2{MASK}"),
    (r"(?<=://)([^/@:\s\"'<>]*):[^/\s\"'<>]*@", 0, rf"\1:{MASK}@"),
    (rf"(?<![\w.-])({_NAMED}=)(?:\"[^\"]*\"|'[^']*'|[^\s\"'&,;)}}\]]+)", re.IGNORECASE, rf"\1{MASK}"),
    (rf"([\"']{_NAMED}[\"']\s*:\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;)}}\]]+)", re.IGNORECASE, rf"\1{MASK}"),
    (rf"(?<![\w.-])({_NAMED}:\s+)(?=\S*[^a-z_\s]\S|\S+$)[^\s\"',;]+", re.IGNORECASE | re.MULTILINE, rf"\1{MASK}"),
    (r"\b(bearer|basic)(\s+)(?=\S*[0-9=+/._-])[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE, rf"\1\2{MASK}"),
)
_LOOKS_LIKE_ONE = (
    (r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*", 0, MASK),
    (r"\b[a-z]{2,10}_(?:[a-z]{2,10}_)?(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}\b", 0, MASK),
    (r"\b(?=[A-Z]*[0-9])[A-Z0-9]{20,}\b", 0, MASK),
    (r"\b[0-9a-fA-F]{32,}\b", 0, MASK),
    (r"(?<![\w+-])(?=[\w+-]*[0-9])(?=[\w+-]*[a-z])(?=[\w+-]*[A-Z])[\w+-]{24,}=*", re.ASCII, MASK),
)


class Redactor:
    """Knows the secrets of one deployment. What it has cleaned holds none of them, in any usual spelling."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spelt = {spelling for secret in secrets for spelling in spellings(secret)}
        longest_first = sorted(spelt, key=lambda text: (-len(text), text))
        self._known = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)", re.IGNORECASE)
        self._named = [(re.compile(pattern, flags), mask) for pattern, flags, mask in _UNDER_A_NAME]
        self._random = [(re.compile(pattern, flags), mask) for pattern, flags, mask in _LOOKS_LIKE_ONE]
        self._home = str(Path.home())

    def named(self, text: str) -> str:
        """The text without the known secrets and without what stands under the name of one. Ids and digests stay."""
        text = self._known.sub(MASK, text)
        for pattern, mask in self._named:
            text = pattern.sub(mask, text)
        return text

    def text(self, text: str) -> str:
        """The text without secrets, and without the name of the home folder."""
        text = self.named(text)
        for pattern, mask in self._random:
            text = pattern.sub(mask, text)
        return text.replace(self._home, "~") if len(self._home) > 1 else text

    def clean(self, value: Any) -> Any:
        """The same structure with every string in it cleaned, names included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.clean(key): self.clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(item) for item in value]
        return value


def spellings(secret: str) -> Iterator[str]:
    """A secret as it may stand in a text: plain, quoted for URLs, JSON, Python and HTML, in base64, in hexadecimal."""
    for plain in dict.fromkeys([secret, secret.strip(), *(line.strip() for line in secret.splitlines())]):
        if len(plain) < SHORTEST:
            continue
        raw = plain.encode("utf-8", "surrogatepass")
        yield plain
        yield from (quote(raw, safe=""), quote(raw), quote_plus(raw), html.escape(plain), raw.hex())
        yield from (json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1], repr(plain)[1:-1])
        yield repr(raw)[2:-1]
        yield from (encode(raw).decode().rstrip("=") for encode in (b64encode, urlsafe_b64encode))
