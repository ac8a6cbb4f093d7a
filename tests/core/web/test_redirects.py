"""What the router and the cache could be made to do by a stranger."""

from __future__ import annotations

from flask import Flask

from pegboard import BoardSettings, create_app


def board(tmp_path: object) -> Flask:
    return create_app(BoardSettings(env="test", builtins=("accounts", "files", "local_files"), instance_path=tmp_path))  # type: ignore[arg-type]


def test_the_routers_own_redirect_does_not_take_the_host_of_the_request(tmp_path: object) -> None:
    answer = board(tmp_path).test_client().get("/files?a=1", headers={"Host": "evil.example"})
    assert answer.status_code == 308
    assert answer.headers["Location"] == "/files/?a=1"


def test_a_static_name_too_long_for_the_disk_is_not_found(tmp_path: object) -> None:
    assert board(tmp_path).test_client().get(f"/static/core/{'a' * 300}?v=1").status_code == 404


def test_spellings_of_one_static_file_are_remembered_once(tmp_path: object) -> None:
    app = board(tmp_path)
    for dots in range(5):
        app.extensions["pegboard.static"].version("core", f"{'./' * dots}theme.js", fresh=False)
    assert len(app.extensions["pegboard.static"]._hashes) == 1


def test_json_where_a_form_is_meant_is_refused_and_no_error_of_ours(tmp_path: object) -> None:
    app = board(tmp_path)
    app.config["WTF_CSRF_ENABLED"] = False
    for body in ("[1,2]", '{"email": 5, "password": {"a": 1}}', "[" * 200_000):
        answer = app.test_client().post("/account/sign-in", data=body, content_type="application/json")
        assert 400 <= answer.status_code < 500, body[:40]


def test_addresses_of_one_ipv6_network_count_as_one(tmp_path: object) -> None:
    from pegboard.web.limits import client_address, client_network

    app = board(tmp_path)
    seen = set()
    for last in ("1", "2", "ffff"):
        with app.test_request_context(environ_base={"REMOTE_ADDR": f"2001:db8:0:1::{last}"}):
            seen.add(client_network())
            assert client_address().endswith(last)
    assert seen == {"2001:db8:0:1::/64"}
