"""`--chaos-full`, and the figures of what was broken on purpose: one line for each test, at the end of the run."""

from __future__ import annotations

import pytest

_PROPERTY = "chaos"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos-full", action="store_true", help="tests/chaos with its full numbers; takes minutes")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Also from the processes of pytest-xdist: properties travel with the reports."""
    lines = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == _PROPERTY
    ]
    if lines:
        terminalreporter.section("broken on purpose")
        terminalreporter.write_line("\n".join(sorted(lines)))


def told(request: pytest.FixtureRequest, line: str) -> None:
    """Let the line be printed at the end."""
    request.node.user_properties.append((_PROPERTY, line))
