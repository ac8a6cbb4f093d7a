"""The requests of Uppy's `@uppy/aws-s3`, in the shapes in which it sends them, and the answers that it reads."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from pegboard.contracts.files import MIN_PART
from tests.core.builtin.files.boards import MakeBoard, states, token

CONTENT = b"A" * MIN_PART + b"the rest"
PARTS = {1: CONTENT[:MIN_PART], 2: CONTENT[MIN_PART:]}
LARGE = {"filename": "film.txt", "type": "text/plain", "metadata": {"size": len(CONTENT)}}
SMALL = {"filename": "a.txt", "type": "text/plain", "metadata[size]": "5"}


@pytest.fixture
def board(make_board: MakeBoard) -> Flask:
    return make_board(parts_above=MIN_PART, part_size=MIN_PART)


class Uppy:
    """Somebody's requests, with their token."""

    def __init__(self, app: Flask, person: str = "alice") -> None:
        who = {"X-Test-User": person}
        self.client = app.test_client()
        self.headers = {**who, "X-CSRFToken": token(self.client, **who)}

    def ask(self, method: str, path: str, **more: Any) -> Any:
        return self.client.open(f"/files/s3/{path}", method=method, headers=self.headers, **more)

    def put(self, signed: Any, body: bytes, method: str = "PUT") -> None:
        answer = self.client.open(signed["url"], method=method, data=body, headers=signed["headers"])
        assert answer.status_code // 100 == 2


def test_a_large_file_is_begun_sent_listed_and_completed(board: Flask) -> None:
    uppy = Uppy(board)
    begun = uppy.ask("POST", "multipart", json=LARGE).get_json()
    assert set(begun) == {"key", "uploadId"}
    address, key = f"multipart/{begun['uploadId']}", {"key": begun["key"]}
    for number, body in PARTS.items():
        uppy.put(uppy.ask("GET", f"{address}/{number}", query_string=key).get_json(), body)
    listed = uppy.ask("GET", address, query_string=key).get_json()
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, MIN_PART), (2, 8)]
    named = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in listed]
    done = uppy.ask("POST", f"{address}/complete", query_string=key, json={"parts": named}).get_json()
    assert done == {"location": f"/files/{begun['key']}", "key": begun["key"]}
    assert states(board) == [("ready", None)]


def test_an_upload_that_lacks_a_part_is_refused_whatever_uppy_names(board: Flask) -> None:
    uppy = Uppy(board)
    upload = uppy.ask("POST", "multipart", json=LARGE).get_json()["uploadId"]
    named = {"parts": [{"PartNumber": 1, "ETag": "a"}, {"PartNumber": 2, "ETag": "b"}]}
    assert uppy.ask("POST", f"multipart/{upload}/complete", json=named).status_code == 400
    assert states(board) == [("failed", "truncated")]


def test_a_small_file_is_signed_at_once_and_completed_by_our_own_route(board: Flask) -> None:
    uppy = Uppy(board)
    signed = uppy.ask("GET", "params", query_string=SMALL).get_json()
    assert isinstance(signed["fields"], dict)
    uppy.put(signed, b"hello", signed["method"])
    assert uppy.client.post(f"/files/uploads/{signed['key']}/complete", headers=uppy.headers).status_code == 200
    assert states(board) == [("ready", None)]


def test_giving_up_leaves_nothing(board: Flask) -> None:
    uppy = Uppy(board)
    upload = uppy.ask("POST", "multipart", json=LARGE).get_json()["uploadId"]
    assert uppy.ask("DELETE", f"multipart/{upload}", query_string={"key": upload}).get_json() == {}
    assert states(board) == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/1"), ("GET", ""), ("POST", "/complete"), ("DELETE", "")])
@pytest.mark.parametrize("person", ["bob", "mona"])
def test_somebody_elses_upload_answers_404(board: Flask, person: str, method: str, path: str) -> None:
    upload = Uppy(board).ask("POST", "multipart", json=LARGE).get_json()["uploadId"]
    asked = {"key": upload}
    assert Uppy(board, person).ask(method, f"multipart/{upload}{path}", query_string=asked).status_code == 404
    assert states(board) == [("pending", None)]


def test_a_key_that_is_not_the_uploads_answers_404(board: Flask) -> None:
    uppy = Uppy(board)
    first, second = (uppy.ask("POST", "multipart", json=LARGE).get_json()["key"] for _ in range(2))
    assert uppy.ask("GET", f"multipart/{first}/1", query_string={"key": second}).status_code == 404


def test_parameters_are_not_given_without_the_token(board: Flask) -> None:
    assert board.test_client().get("/files/s3/params", query_string=SMALL).status_code == 400
    assert states(board) == []


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {**LARGE, "metadata": {}},
        {**LARGE, "metadata": "size"},
        {**LARGE, "filename": 1},
        {**LARGE, "metadata": {"size": 3}},
    ],
)
def test_what_makes_no_sense_is_answered_with_what_to_send(board: Flask, asked: Any) -> None:
    answer = Uppy(board).ask("POST", "multipart", json=asked)
    assert answer.status_code == 400
    assert "size" in answer.get_json()["error"]["message"] or "in parts" in answer.get_json()["error"]["message"]
    assert states(board) == []


def test_an_object_that_is_nested_too_deep_is_answered_with_what_to_send(board: Flask) -> None:
    answer = Uppy(board).ask("POST", "multipart", data="[" * 200_000, content_type="application/json")
    assert answer.status_code == 400
    assert "size" in answer.get_json()["error"]["message"]


def test_a_size_in_words_of_a_form_is_a_size(board: Flask) -> None:
    asked = {**LARGE, "metadata": {"size": str(len(CONTENT))}}
    assert Uppy(board).ask("POST", "multipart", json=asked).status_code == 200
