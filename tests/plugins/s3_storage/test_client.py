"""The SDK is imported late, its clients are built once, and no call outlasts its limit."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pegboard_s3_storage.client import ClientSource
from pegboard_s3_storage.deadline import DeadlinePassed, within
from pegboard_s3_storage.settings import S3Settings


def test_the_sdk_is_imported_by_the_first_call_and_not_before() -> None:
    program = (
        "import sys; import pegboard_s3_storage.plugin, pegboard_s3_storage.provider as p;"
        "from pegboard_s3_storage.settings import S3Settings;"
        "s = p.S3FileStorage(S3Settings(bucket='files', access_key_id='a', secret_access_key='b'));"
        "s.origins(); s.public_url('public/a'); print('boto3' in sys.modules or 'botocore' in sys.modules);"
        "s.url('a'); print('boto3' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]


def test_threads_share_the_clients_that_one_of_them_built(settings: S3Settings) -> None:
    source = ClientSource(settings)
    gate = threading.Barrier(8)

    def get(_: int) -> int:
        gate.wait()
        return id(source.get().quick)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(get, range(8)))) == 1


def test_another_process_gets_clients_of_its_own(settings: S3Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    source = ClientSource(settings)
    before = source.get()
    monkeypatch.setattr("os.getpid", lambda: before.process + 1)
    assert source.get().quick is not before.quick


def test_given_credentials_shut_out_the_profiles_of_the_sdk(
    settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "one-that-is-not-there")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    ClientSource(settings).call("check", lambda clients: clients.quick.list_objects_v2(Bucket=settings.bucket))


def test_a_call_within_its_limit_returns_or_raises_what_it_does() -> None:
    assert within(5, lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_a_call_past_its_limit_is_given_up() -> None:
    forever = threading.Event()
    with pytest.raises(DeadlinePassed):
        within(0.05, forever.wait)
    forever.set()


def test_what_comes_after_the_limit_is_disposed_of() -> None:
    late, disposed = threading.Event(), threading.Event()
    with pytest.raises(DeadlinePassed):
        within(0.05, late.wait, unwanted=lambda _: disposed.set())
    late.set()
    assert disposed.wait(5)
