"""The settings of `s3_storage`, and what the presets for the different stores decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from pegboard.settings import Env, PluginSettings

_KEYS = (
    "Amazon: console → IAM → Users → Security credentials → Create access key, with a policy as in this plugin's README. "
    "Other stores: where their console calls them API tokens, application keys or access keys for S3"
)


@dataclass(frozen=True, slots=True)
class Preset:
    """How one kind of store differs.

    `post`: it takes browser forms with a policy (POST Object). `publishes`: a bucket policy can make one prefix public.
    `encryption`: what it can be asked for with each object.
    """

    addressing: Literal["virtual", "path"] = "path"
    post: bool = False
    publishes: bool = False
    checksums: Literal["when_supported", "when_required"] = "when_required"
    encryption: tuple[str, ...] = ()


PRESETS = {
    "aws": Preset("virtual", post=True, publishes=True, checksums="when_supported", encryption=("AES256", "aws:kms")),
    "r2": Preset(),
    "b2": Preset(encryption=("AES256",)),
    "seaweedfs": Preset(post=True, publishes=True, encryption=("AES256",)),
    "garage": Preset(post=True),
    "generic": Preset(publishes=True, encryption=("AES256", "aws:kms")),
}


class S3Settings(PluginSettings):
    """`[s3_storage]` in `pegboard.toml`, `S3_…` in the environment."""

    env_prefix: ClassVar[str | None] = "S3_"

    bucket: Annotated[str, Env("S3_BUCKET_NAME", "S3_BUCKET")] = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="The bucket. Keep it private: the plugin signs every link to what is not public.",
        json_schema_extra={
            "where": "Amazon: console → S3 → Create bucket",
            "expects": "a bucket's name: 3 to 63 small letters, digits, dots and dashes, with a letter or digit at both ends",
        },
    )
    preset: Literal["aws", "r2", "b2", "seaweedfs", "garage", "generic"] = Field(
        default="aws", description="The kind of store: decides addressing, checksums, and how browsers upload."
    )
    region: Annotated[str, Env("S3_REGION", "AWS_REGION")] = Field(
        default="us-east-1",
        pattern=r"^[a-z0-9-]+$",
        description="The bucket's region; for r2 it is auto.",
        json_schema_extra={"expects": "a region's name such as eu-central-1"},
    )
    access_key_id: Annotated[str | None, Env("S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID")] = Field(
        default=None,
        description="Names the credentials. Without them the SDK looks for a role of the machine or a profile.",
        json_schema_extra={"where": _KEYS},
    )
    secret_access_key: Annotated[SecretStr | None, Env("S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY")] = Field(
        default=None, description="The secret that belongs to access_key_id.", json_schema_extra={"where": _KEYS}
    )
    session_token: Annotated[SecretStr | None, Env("S3_SESSION_TOKEN", "AWS_SESSION_TOKEN")] = Field(
        default=None, description="Only with temporary credentials. Signed links end when these do."
    )
    endpoint_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s?#@]+/?$",
        description="Where the store answers, as in https://<account>.r2.cloudflarestorage.com. Not for Amazon.",
        json_schema_extra={"expects": "the address of a host such as https://s3.example.com, without a path"},
    )
    public_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*)?$",
        description="Where browsers fetch public files when that is another host, such as a CDN before the bucket.",
        json_schema_extra={"expects": "an address such as https://files.example.com"},
    )
    prefix: str = Field(
        default="",
        pattern=r"^([a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*)?$",
        max_length=200,
        description="Put before every key, for several boards in one bucket.",
        json_schema_extra={
            "expects": "small letters, digits, dots, dashes and underscores, in parts joined by slashes"
        },
    )
    addressing_style: Literal["auto", "virtual", "path"] = Field(
        default="auto",
        description="Whether the bucket stands in the host (virtual) or the path; auto leaves it to the preset.",
    )
    upload_method: Literal["auto", "post", "put"] = Field(
        default="auto",
        description="How browsers upload: a form with a policy (post) or a signed PUT; auto leaves it to the preset.",
    )
    encryption: Annotated[Literal["none", "AES256", "aws:kms"], Env("S3_SSE")] = Field(
        default="none",
        description="What the store is asked to encrypt each object with: AES256, its own key; aws:kms, a managed key; "
        "none leaves it to the bucket.",
    )
    kms_key_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9:/_-]{1,2048}$",
        description="The managed key for aws:kms: its id, its ARN or alias/name. Without it, the account's own for S3.",
        json_schema_extra={
            "where": "Amazon: console → Key Management Service → Customer managed keys",
            "expects": "a key's id, its ARN, or a name such as alias/board",
        },
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.preset != "aws" and self.endpoint_url is None:
            raise ValueError(
                f"the preset {self.preset} needs endpoint_url (S3_ENDPOINT_URL): where does the store answer?"
            )
        if self.preset == "aws" and self.endpoint_url is not None and "amazonaws.com" not in self.endpoint_url:
            raise ValueError("endpoint_url is not Amazon's: say which store it is with preset (S3_PRESET), or generic")
        if (self.access_key_id is None) != (self.secret_access_key is None):
            missing = "access_key_id" if self.access_key_id is None else "secret_access_key"
            raise ValueError(f"{missing} (S3_{missing.upper()}) is missing: credentials come in pairs, or not at all")
        if self.session_token is not None and self.access_key_id is None:
            raise ValueError("session_token is of no use without access_key_id and secret_access_key")
        self._encryption_fits()
        return self

    def _encryption_fits(self) -> None:
        choices = ("none", *PRESETS[self.preset].encryption)
        if self.encryption not in choices:
            raise ValueError(
                f"encryption (S3_SSE): {self.preset} cannot be asked for {self.encryption}; choose {' or '.join(choices)}"
            )
        if self.kms_key_id is not None and self.encryption != "aws:kms":
            raise ValueError("kms_key_id (S3_KMS_KEY_ID) is of no use unless encryption (S3_SSE) is aws:kms")

    @property
    def addressing(self) -> Literal["virtual", "path"]:
        """The style that applies. A dot in the bucket's name breaks certificates of virtual hosts."""
        if self.addressing_style != "auto":
            return self.addressing_style
        return "path" if "." in self.bucket else PRESETS[self.preset].addressing

    @property
    def uploads_by_post(self) -> bool:
        return PRESETS[self.preset].post if self.upload_method == "auto" else self.upload_method == "post"

    @property
    def checksums(self) -> Literal["when_supported", "when_required"]:
        return PRESETS[self.preset].checksums

    @property
    def signing_region(self) -> str:
        """The region that signatures name. Cloudflare has one."""
        return "auto" if self.preset == "r2" else self.region

    @property
    def endpoint(self) -> str:
        """Where the store answers, without a slash at its end. Regional, since Amazon's global host redirects."""
        suffix = ".cn" if self.region.startswith("cn-") else ""
        return (self.endpoint_url or f"https://s3.{self.region}.amazonaws.com{suffix}").rstrip("/")

    @property
    def bucket_url(self) -> str:
        """Where the bucket answers, without a slash at its end."""
        if self.addressing == "path":
            return f"{self.endpoint}/{self.bucket}"
        scheme, _, host = self.endpoint.partition("://")
        return f"{scheme}://{self.bucket}.{host}"

    @property
    def public_url(self) -> str | None:
        """What stands before the name of a public object, without a slash at its end; None where nothing is public."""
        if self.public_base_url is None and not PRESETS[self.preset].publishes:
            return None
        return (self.public_base_url or self.bucket_url).rstrip("/")

    @property
    def origins(self) -> tuple[str, ...]:
        """Where browsers are sent to: signed links and uploads, then public files."""
        urls = [urlsplit(url) for url in (self.bucket_url, self.public_url) if url]
        return tuple(dict.fromkeys(f"{url.scheme}://{url.netloc}" for url in urls))
