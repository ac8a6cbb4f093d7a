"""What the table says follows from what was measured. Nothing is measured here."""

from __future__ import annotations

import pytest

from bench.measure import Estimate, estimate, pairs, ratio
from bench.report import Row, table


def test_both_sides_are_measured_in_turn_and_each_is_first_every_other_time() -> None:
    order: list[str] = []

    def sample(name: str, seconds: float) -> float:
        order.append(name)
        return seconds

    found = pairs(lambda: sample("a", 2.0), lambda: sample("b", 1.0), 2)
    assert order == ["a", "b", "a", "b", "b", "a"]  # the first two do not count
    assert found == [(2.0, 1.0), (2.0, 1.0)]
    assert ratio(found) == Estimate(2.0, 2.0, 2.0)


def test_the_interval_holds_the_median_and_widens_with_the_spread() -> None:
    narrow, wide = (estimate([1 + spread * step for step in range(-15, 16)]) for spread in (0.001, 0.01))
    assert narrow.low < narrow.value == 1.0 < narrow.high
    assert wide.high - wide.low > narrow.high - narrow.low


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Estimate(0.9, 0.8, 1.0), "met"),
        (Estimate(0.9, 0.8, 1.1), "met (unclear)"),
        (Estimate(1.05, 0.9, 1.2), "MISSED (unclear)"),
        (Estimate(1.3, 1.1, 1.4), "MISSED"),
        (None, "skipped"),
    ],
)
def test_a_verdict_is_clear_only_where_the_whole_interval_agrees(measured: Estimate | None, verdict: str) -> None:
    assert Row("x", 1.0, "×", measured).verdict == verdict


def test_what_has_no_budget_is_printed_and_misses_none() -> None:
    row = Row("x", None, "ms", Estimate(3.0, 2.0, 4.0))
    assert row.verdict == "printed"
    assert "3.00 ms" in table([row])


def test_a_skipped_scenario_says_why_in_the_table() -> None:
    assert "skipped: needs the plugin" in table([Row("x", 1.0, "×", None, "needs the plugin")])
