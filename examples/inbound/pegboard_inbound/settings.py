"""The settings of the plugin: the secrets that senders sign with."""

from __future__ import annotations

from pydantic import Field, SecretStr

from pegboard import PluginSettings


class InboundSettings(PluginSettings):
    """The table `[inbound]` in `pegboard.toml`; variables of the environment begin with `INBOUND_`."""

    secrets: tuple[SecretStr, ...] = Field(
        min_length=1,
        description="What the sender shows: whsec_ and base64. The newest first, while one is being changed.",
        examples=[["whsec_QSBzZWNyZXQgZm9yIGV4YW1wbGVzIQ=="]],
        json_schema_extra={"where": "The sender's page for webhooks"},
    )
