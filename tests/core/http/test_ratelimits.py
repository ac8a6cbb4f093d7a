"""What vendors' headers say about how much they still take."""

from __future__ import annotations

import pytest

from pegboard.http.ratelimits import Standing, retry_after, standing

NOON = "Tue, 24 Nov 2026 12:00:00 GMT"
AT_NOON = 1795521600


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("inf", None),
        ("", None),
        ("Tue, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_by_the_vendors_clock(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value, "date": NOON}) == seconds


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ratelimit-remaining": "7", "ratelimit-reset": "30"}, Standing(7, 30)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, Standing(0, 12)),
        ({"x-rate-limit-remaining": "1", "x-rate-limit-reset": "12"}, Standing(1, 12)),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": str(AT_NOON + 60), "date": NOON}, Standing(3, 60)),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": f"{AT_NOON + 60}000", "date": NOON}, Standing(3, 60)),
        ({"ratelimit": '"default";r=50;t=30'}, Standing(50, 30)),
        ({"ratelimit": '"second";r=9;t=1, "day";r=0;t=3600'}, Standing(0, 3600)),
        ({"ratelimit": "limit=100, remaining=4, reset=50"}, Standing(4, 50)),
        ({"ratelimit-remaining": "9", "ratelimit-reset": "1", "x-ratelimit-remaining": "2", "x-ratelimit-reset": "9"},
         Standing(2, 9)),
        ({"ratelimit-remaining": "many", "ratelimit-reset": "soon"}, None),
        ({"ratelimit-remaining": "5"}, None),
        ({"ratelimit": "nonsense"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_narrowest_limit_counts(headers: dict[str, str], expected: Standing | None) -> None:
    assert standing(headers) == expected
