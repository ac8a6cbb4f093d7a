"""How a bucket must be configured: its CORS rules, and the policy that lets everyone read what is public."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pegboard.contracts.files import PUBLIC

from .client import ClientSource
from .settings import S3Settings


def cors_rules(origins: Sequence[str]) -> dict[str, Any]:
    """Browsers may upload from these origins, and see the answer: what `aws s3api put-bucket-cors` takes."""
    rule = {
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3600,
    }
    return {"CORSRules": [rule]}


def public_policy(settings: S3Settings) -> dict[str, Any]:
    """Everyone may read below `public/`, nobody may list."""
    prefix = f"{settings.prefix}/{PUBLIC}" if settings.prefix else PUBLIC
    partition = "aws-cn" if settings.region.startswith("cn-") else "aws"
    statement = {
        "Sid": "PublicFiles",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:{partition}:s3:::{settings.bucket}/{prefix}*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def make_bucket(settings: S3Settings, origins: Sequence[str]) -> None:
    """Create the bucket where there is none, and configure it. Raises `ProviderError`."""
    source = ClientSource(settings)

    def make(client: Any) -> None:
        names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
        if settings.bucket not in names:
            client.create_bucket(Bucket=settings.bucket)
        if origins:
            client.put_bucket_cors(Bucket=settings.bucket, CORSConfiguration=cors_rules(origins))
        client.put_bucket_policy(Bucket=settings.bucket, Policy=json.dumps(public_policy(settings)))

    source.call("make_bucket", lambda clients: make(clients.bulk), seconds=30)
