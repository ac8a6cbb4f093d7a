"""The root's wsgi.py under the servers that people use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.serving import foreign_environment, free_port, get, served
from tools.manifest import ROOT, plugin_folders

SERVERS = {
    "gunicorn": [
        "gunicorn",
        "--no-control-socket",
        "--workers=2",
        "--chdir={root}",
        "--bind=127.0.0.1:{port}",
        "wsgi:app",
    ],
    "flask": ["flask", "--app={root}/wsgi.py", "run", "--host=127.0.0.1", "--port={port}", "--no-reload"],
}


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_wsgi_py_is_served_by(server: str, tmp_path: Path) -> None:
    config = tmp_path / "pegboard.toml"
    config.write_text("[pegboard]\nplugins = []\n", encoding="utf-8")
    # The path of the sources, so that this holds without an editable install too; test_wheels.py goes without it.
    sources = ":".join(map(str, (ROOT / "core", *plugin_folders())))
    environment = foreign_environment(PEGBOARD_CONFIG=str(config), PYTHONPATH=sources)
    port = free_port()
    module, *arguments = SERVERS[server]
    command = [sys.executable, "-m", module, *(part.format(root=ROOT, port=port) for part in arguments)]

    with served(command, port=port, folder=tmp_path, environment=environment) as url:
        assert get(f"{url}/healthz")[0] == 200
        assert get(f"{url}/no-such-page")[0] == 404
