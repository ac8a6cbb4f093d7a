"""Interleaved pairs, and the median of what they say with its 95 % interval by bootstrap."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

PAIRS = 31
_RESAMPLES = 2_000

Sample = Callable[[], float]
"""One measurement, in seconds of CPU time."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median over pairs with the interval that holds it with 95 % confidence."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> Estimate:
        """The same in another unit."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


def pairs(one: Sample, other: Sample, count: int = PAIRS) -> list[tuple[float, float]]:
    """Measure both in turn, each first every other time, after one round that does not count."""
    one(), other()
    found = []
    for number in range(count):
        if number % 2:
            second = other()
            found.append((one(), second))
        else:
            found.append((one(), other()))
    return found


def ratio(measured: list[tuple[float, float]]) -> Estimate:
    """How many times the second the first costs."""
    return estimate([one / other for one, other in measured])


def difference(measured: list[tuple[float, float]]) -> Estimate:
    """How much more the first costs than the second, in seconds."""
    return estimate([one - other for one, other in measured])


def estimate(values: list[float], seed: int = 1) -> Estimate:
    """The median and its interval; the same values always give the same answer."""
    resampled = random.Random(seed)
    medians = sorted(median(resampled.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return Estimate(median(values), medians[int(_RESAMPLES * 0.025)], medians[int(_RESAMPLES * 0.975) - 1])
