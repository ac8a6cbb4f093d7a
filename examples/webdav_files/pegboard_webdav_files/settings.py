"""The settings of the plugin: which folder of which server, who asks, and how long to wait."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from pegboard import PluginSettings

_ACCOUNT = "The server's administrator"


class WebDAVFilesSettings(PluginSettings):
    """The table `[webdav_files]` in `pegboard.toml`; variables of the environment begin with `WEBDAV_FILES_`."""

    url: str = Field(
        pattern=r"^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?$",
        description="A folder on the server that is there and that nothing else writes to.",
        examples=["https://dav.example.com/board"],
        json_schema_extra={
            "where": _ACCOUNT,
            "expects": "an address such as https://dav.example.com/board, without user and password",
        },
    )
    user: str | None = Field(
        default=None,
        pattern=r"^[^:\s]+$",
        description="Who asks, by Basic authentication. Not for a server that lets everybody in.",
        examples=["board"],
        json_schema_extra={"where": _ACCOUNT, "expects": "a name without colons and spaces"},
    )
    password: SecretStr | None = Field(
        default=None,
        description="The password that belongs to user.",
        examples=["correct horse battery staple"],
        json_schema_extra={"where": _ACCOUNT},
    )
    seconds: float = Field(
        default=10, gt=0, le=600, description="How long to wait for the server each time: to connect, to send, to hear."
    )

    @model_validator(mode="after")
    def _come_in_pairs(self) -> Self:
        if (self.user is None) != (self.password is None):
            missing = "user" if self.user is None else "password"
            raise ValueError(f"{missing} (WEBDAV_FILES_{missing.upper()}) is missing: give both, or neither")
        return self
