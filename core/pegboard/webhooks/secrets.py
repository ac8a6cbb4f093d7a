"""The secrets of a source, newest first, as keys; what is wrong with one is told when the board boots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pydantic import SecretStr

from pegboard.contracts.webhooks import SecretProblem

Secrets = Iterable[SecretStr | None]
Decode = Callable[[str], bytes]
"""The key that a secret stands for. ValueError, whose message does not hold the secret, where it stands for none."""


class Keys:
    """The keys that the secrets of one setting stand for."""

    def __init__(self, secrets: Secrets, setting: str, decode: Decode) -> None:
        self.setting = setting
        self.problems: list[SecretProblem] = []
        self._keys = [key for secret in secrets if (key := self._key(secret, decode))]
        if not self._keys and not self.problems:
            self.problems.append(SecretProblem(setting, "holds no secret: without one, nothing can be verified"))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._keys)

    def _key(self, secret: SecretStr | None, decode: Decode) -> bytes:
        """Empty where there is none, and then it is a problem."""
        text = secret.get_secret_value() if secret is not None else ""
        try:
            if not text.strip():
                raise ValueError("is empty: without a secret, nothing can be verified")
            if text != text.strip():
                raise ValueError("begins or ends with a space or a new line")
            return decode(text)
        except ValueError as error:
            self.problems.append(SecretProblem(self.setting, str(error)))
            return b""


def as_text(secret: str) -> bytes:
    """The secret itself is the key."""
    try:
        return secret.encode()
    except UnicodeEncodeError:
        raise ValueError("holds bytes that are no text in UTF-8") from None
