"""What a deployment may choose about accounts."""

from __future__ import annotations

from pydantic import Field

from pegboard.settings import PluginSettings


class AccountsSettings(PluginSettings):
    """The table `[accounts]`."""

    sign_up: bool = Field(True, description="Whether anyone may make an account; if not, `pegboard users create` does.")
    idle_days: int = Field(14, ge=1, le=365, description="Days without a request after which a session ends.")
    session_days: int = Field(90, ge=1, le=365, description="Days after which a session ends, used or not.")
