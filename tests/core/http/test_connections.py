"""Connections serve many calls, and never two processes."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import weakref

import pytest

from pegboard.errors import Unreachable
from pegboard.http import HttpClient, Limits, forking
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Request, Vendor

FORKED = """
import json, os, sys, threading
from pegboard.errors import SignInAgain
from pegboard.errors import Unreachable
from pegboard.http import HttpClient, RenewedAuth

class Store:
    def access(self): return "token"
    def refresh(self): raise RuntimeError
    def drop(self): pass

auth = RenewedAuth(Store())
client = HttpClient("shop", sys.argv[1], auth=auth)
setup = client._setup
client.get("/parent")
locks = [setup.connections._lock, setup.allowance._lock, auth._lock, setup.breakers.of(sys.argv[1][7:])._lock]
for lock in locks:  # as if another thread were in the middle of a call
    lock.acquire()
[stream] = setup.connections._open[False][1].network._streams
descriptor = stream.get_extra_info("socket").fileno()
child = os.fork()
if not child:
    try:
        os.fstat(descriptor)
        os._exit(3)
    except OSError:
        client.get("/child")
    client.get("/child")
    assert auth.renew("another token")
    os._exit(0)
for lock in locks:
    lock.release()
_, status = os.waitpid(child, 0)
client.get("/parent")
print(json.dumps(os.waitstatus_to_exitcode(status)))
"""


def test_one_connection_serves_call_after_call(vendor: Vendor, connect: Connect) -> None:
    client = connect()
    for _ in range(5):
        client.get("/")
    assert len({one.peer for one in vendor.asked}) == 1


def test_one_that_the_vendor_closed_is_replaced(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={}, headers={"Connection": "close"}))
    client = connect()
    assert [client.post("/").status, client.post("/").status] == [200, 200]
    assert len({one.peer for one in vendor.asked}) == 2


def test_a_closed_client_opens_again(vendor: Vendor, connect: Connect) -> None:
    client = connect()
    client.get("/")
    client.close()
    assert client.get("/").status == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_has_connections_and_locks_of_its_own_and_leaves_the_parents_alone(vendor: Vendor) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED, vendor.url], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 0
    peers = {path: {one.peer for one in vendor.asked if one.path == path} for path in ("/parent", "/child")}
    assert (len(peers["/parent"]), len(peers["/child"])) == (1, 1)
    assert peers["/parent"].isdisjoint(peers["/child"])


def test_a_client_that_nobody_uses_is_not_kept_for_a_fork(vendor: Vendor) -> None:
    client = HttpClient("shop", vendor.url)
    client.get("/")
    connections = weakref.ref(client._setup.connections)
    assert connections() in forking._forkable
    client.close()
    del client
    gc.collect()
    assert connections() is None


def test_when_all_are_in_use_that_is_said_and_is_not_the_vendors_fault(vendor: Vendor, connect: Connect) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def answer(request: Request) -> Reply:
        if request.path == "/slow":
            asked.set()
            go_on.wait(30)
        return Reply(json={})

    vendor.answer = answer
    client = connect(limits=Limits(connections=1, connect=0.1, tries=1, failures=1))
    slow = threading.Thread(target=client.get, args=("/slow",))
    slow.start()
    asked.wait(30)
    for _ in range(2):
        with pytest.raises(Unreachable, match="all connections to it are in use"):
            client.get("/")
    go_on.set()
    slow.join()
    assert client.get("/").status == 200
