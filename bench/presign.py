"""Signing a link through the capability, against the SDK's own call with the same parameters."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from urllib.parse import parse_qs, urlsplit

from .boards import S3, has_s3
from .measure import Sample, pairs, ratio
from .report import Row

_LINKS = 30
_ROUNDS = 101
_KEY = "2026/report"


def against_the_sdk(folder: Path) -> Iterator[Row]:
    """No network is used on either side: a signature is computed."""
    name, budget = "signing a link, against the SDK's own call", 1.2
    if not has_s3():
        yield Row(name, budget, "×", None, "needs the plugin s3_storage")
        return
    import boto3
    from botocore.config import Config

    from pegboard_s3_storage.provider import S3FileStorage
    from pegboard_s3_storage.settings import S3Settings

    storage = S3FileStorage(S3Settings.model_validate(S3))
    client = boto3.client(
        "s3",
        region_name=S3["region"],
        aws_access_key_id=S3["access_key_id"],
        aws_secret_access_key=S3["secret_access_key"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    link = storage.url(_KEY, filename="report.pdf", content_type="application/pdf")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    parameters = {
        "Bucket": S3["bucket"],
        "Key": urlsplit(link).path.lstrip("/"),
        "ResponseContentDisposition": asked["response-content-disposition"],
        "ResponseContentType": asked["response-content-type"],
    }
    ours = _links(lambda: storage.url(_KEY, filename="report.pdf", content_type="application/pdf"))
    theirs = _links(lambda: client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=300))
    yield Row(name, budget, "×", ratio(pairs(ours, theirs, _ROUNDS)))


def _links(sign: Callable[[], str]) -> Sample:
    """CPU seconds of a batch of links."""
    gc.collect()
    gc.freeze()

    def sample() -> float:
        gc.collect()
        gc.disable()
        started = process_time()
        for _ in range(_LINKS):
            sign()
        took = process_time() - started
        gc.enable()
        return took

    return sample
