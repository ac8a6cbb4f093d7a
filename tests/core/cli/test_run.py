"""`pegboard run` serves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.serving import foreign_environment, free_port, get, served


@pytest.mark.slow
def test_run_answers_on_its_port(tmp_path: Path) -> None:
    (tmp_path / "pegboard.toml").write_text("[pegboard]\nbuiltins = []\n", encoding="utf-8")
    port = free_port()
    command = [str(Path(sys.executable).parent / "pegboard"), "run", "--port", str(port)]
    with served(command, port=port, folder=tmp_path, environment=foreign_environment()) as url:
        assert get(f"{url}/healthz")[0] == 200
