"""The settings of `files`: how large a file may be, how much one owner may store, which types, how long links live."""

from __future__ import annotations

from pydantic import Field, field_validator

from pegboard.contracts.files import MIN_PART
from pegboard.settings import PluginSettings

LARGEST_REQUEST = 5 * 1024**3  # bytes; more than this no store takes at once


class FilesSettings(PluginSettings):
    """`[files]` in `pegboard.toml`, `FILES_…` in the environment."""

    max_size: int = Field(default=100 * 1024 * 1024, ge=1, description="Largest file, in bytes.")
    quota: int = Field(default=0, ge=0, description="What all files of one owner may take up, in bytes; 0 is no limit.")
    max_pending: int = Field(
        default=50,
        ge=1,
        description="How many uploads of one owner may be on their way at once, those included that were deleted or "
        "refused while a browser may still send them.",
    )
    allowed_types: tuple[str, ...] = Field(
        default=(),
        description='Media types that are accepted, as in ["image/*", "application/pdf"]; none listed accepts all.',
    )
    link_seconds: int = Field(default=300, ge=10, le=604_800, description="How long a link to a private file works.")
    upload_seconds: int = Field(
        default=900, ge=60, le=86_400, description="How long a browser may begin to send what it announced."
    )

    parts_above: int = Field(
        default=100 * 1024 * 1024,
        ge=1,
        le=LARGEST_REQUEST,
        description="Larger files are sent in parts, so that an upload that was interrupted can go on; in bytes.",
    )
    part_size: int = Field(
        default=16 * 1024 * 1024,
        ge=MIN_PART,
        le=LARGEST_REQUEST,
        description="Size of such a part, in bytes; of files too large for 10,000 of them it is more.",
    )

    @field_validator("allowed_types")
    @classmethod
    def _are_types(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        for given in types:
            family, slash, kind = given.partition("/")
            if not (family and slash and kind) or given != given.lower() or " " in given:
                raise ValueError(f"{given!r} is no media type; write it like image/png or image/*, in lower case")
        return types

    def accepts(self, content_type: str) -> bool:
        """Whether files of this type may be stored."""
        plain = content_type.partition(";")[0].strip()
        return not self.allowed_types or any(
            plain == allowed or (allowed.endswith("/*") and plain.startswith(allowed[:-1]))
            for allowed in self.allowed_types
        )
