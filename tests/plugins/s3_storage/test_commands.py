"""`pegboard files …` on a real S3 server: the doctor, and what it says about browsers."""

from __future__ import annotations

import json

from flask import Flask

from pegboard_s3_storage.bucket import make_bucket
from pegboard_s3_storage.peer import Seaweed
from pegboard_s3_storage.plugin import S3Storage
from pegboard_s3_storage.settings import S3Settings
from tests.core.builtin.files.boards import MakeBoard, make_board
from tests.core.builtin.files.test_doctor import HEALTHY, diagnosed

__all__ = ["make_board"]


def _findings(app: Flask) -> dict[str, tuple[str, str]]:
    report = {one["provider"]: one for one in json.loads(diagnosed(app, "--json").stdout)}
    return {one["step"]: (one["state"], one["message"]) for one in report["s3"]["findings"]}


def test_the_doctor_finds_nothing_wrong_and_lets_browsers_through(server: Seaweed, make_board: MakeBoard) -> None:
    make_bucket(S3Settings.model_validate(dict(server.settings)), ["http://127.0.0.1:5000"])
    board = make_board("s3", more={S3Storage: server.settings})
    assert f"s3, where new files go\n{HEALTHY}" in diagnosed(board).output
    found = _findings(board)
    assert {state for state, _ in found.values()} == {"ok"}
    assert found["browsers"][1].startswith("a page at http://127.0.0.1:5000 may POST to http://127.0.0.1:")
    assert found["parts"][1].startswith("a page at http://127.0.0.1:5000 may PUT to http://127.0.0.1:")


def test_the_doctor_says_that_browsers_of_another_address_are_not_let_through(
    server: Seaweed, make_board: MakeBoard
) -> None:
    board = make_board("s3", more={S3Storage: server.settings}, public_url="https://elsewhere.example")
    found = _findings(board)
    assert found["write"][0] == "ok"
    for step in ("browsers", "parts"):
        assert found[step][0] == "failed"
        assert "a page at https://elsewhere.example could not" in found[step][1]


def test_the_doctor_says_what_to_correct_where_the_bucket_is_not_there(server: Seaweed, make_board: MakeBoard) -> None:
    board = make_board("s3", more={S3Storage: {**server.settings, "bucket": "somewhere-else"}})
    state, message = _findings(board)["write"]
    assert state == "failed"
    assert "the bucket is not there: create it, or correct bucket" in message
