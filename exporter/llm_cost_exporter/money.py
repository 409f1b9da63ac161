"""Money as an integer count of 1e-24 USD.

Sums of such integers are exact in any order; a float appears only where a page or /metrics prints one. A rate finer than
1e-24 USD a token is rounded half-even once, when prices are loaded (`rate_per_token`).
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

__all__ = ["DECIMALS", "ONE_USD", "from_decimal", "from_logged", "plain", "to_float"]

DECIMALS = 24
ONE_USD: int = 10**DECIMALS

_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)
_MOST_LOGGED_USD = 10**12


def from_decimal(usd: Decimal) -> int:
    """`usd` in units of 1e-24 USD, rounded half-even. Raises ValueError for NaN, infinity or an absurd size."""
    if not usd.is_finite() or usd.adjusted() > 300:
        raise ValueError("not an amount of money")
    return int(_EXACT.to_integral_value(_EXACT.scaleb(usd, DECIMALS)))


def from_logged(value: object) -> int | None:
    """What a record says it cost (a JSON number or a decimal string, USD) as money; None where it is no such amount.

    A float is taken at its shortest decimal form, which is the form that was in the log.
    """
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    if isinstance(value, str) and len(value) > 64:
        return None
    try:
        usd = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        return None
    if not usd.is_finite() or usd < 0 or usd > _MOST_LOGGED_USD:
        return None
    return from_decimal(usd)


def plain(amount: int) -> str:
    """`amount` as a plain decimal in USD: exact, no exponent, no trailing zeros (`1.5`, `0`, `0.000000125`)."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), ONE_USD)
    digits = f"{part:0{DECIMALS}d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def to_float(amount: int) -> float:
    """The float64 nearest to `amount` in USD (true division of integers rounds once)."""
    usd: float = amount / ONE_USD
    return usd
