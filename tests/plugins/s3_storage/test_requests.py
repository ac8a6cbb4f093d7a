"""What is sent to the stores that are not at hand, and signed for them, is what was looked through once.

Each file in `requests/` holds all requests of one configuration. `RECORD_REQUESTS=1` writes them anew: read the
difference before you keep it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .recorder import Recorder

RECORDED = Path(__file__).with_name("requests")
CREDENTIALS = {"bucket": "files", "access_key_id": "AKIA1", "secret_access_key": "not-to-be-seen"}
KMS = {"encryption": "aws:kms", "kms_key_id": "alias/board"}
CONFIGURATIONS = {
    "aws-with-kms": {"preset": "aws", "region": "eu-central-1", **KMS},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_requests_are_those_that_were_recorded(name: str) -> None:
    file = RECORDED / f"{name}.txt"
    seen = Recorder(**CREDENTIALS, **CONFIGURATIONS[name]).everything()
    assert "not-to-be-seen" not in seen
    if os.environ.get("RECORD_REQUESTS"):
        file.write_text(seen, encoding="utf-8")
    assert seen.splitlines() == file.read_text(encoding="utf-8").splitlines()
