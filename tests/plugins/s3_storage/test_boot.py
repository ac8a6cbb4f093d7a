"""A board with every builtin and this plugin boots without the SDK and without what is used only now and then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.booting import SLOW, boot


@pytest.mark.slow
def test_a_boot_imports_neither_the_sdk_nor_any_slow_library(tmp_path: Path) -> None:
    blueprints, packages = boot(tmp_path, ("s3_storage",), S3_BUCKET_NAME="files")
    assert blueprints >= {"accounts", "files", "home", "local_files"}
    assert "pegboard_s3_storage" in packages
    assert packages & {*SLOW, "boto3", "botocore", "s3transfer", "urllib3"} == set()
