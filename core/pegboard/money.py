"""Money: a whole number of the currency's smallest unit. Never a float, and never multiplied by a hundred."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` counts the smallest unit of the `currency`, three capital letters: `Money(1050, "EUR")` is 10.50 €."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"an amount of money is a whole number of the smallest unit, not {self.amount!r}")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError(f"{self.currency!r} is not a currency: write three capital letters, as in EUR")

    @property
    def exponent(self) -> int:
        """How many decimal places the currency has."""
        return _EXPONENTS.get(self.currency, 2)

    @property
    def decimal(self) -> Decimal:
        """The amount in the currency's main unit."""
        return Decimal(self.amount).scaleb(-self.exponent)
