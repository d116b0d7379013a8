"""When an order is delivered and paid: yearly shares of uniform intervals (section 2)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["delivery_shares", "negotiation_months", "payment_shares"]

Floats = NDArray[np.float64]


def negotiation_months(participants: Floats, months: float, exponent: float) -> Floats:
    """Months added to the lead time by `participants` signatories, `months * (c**exponent - 1)`.

    The cube-root rule of collaborative projects (Hartley; NAO HC 300, 2001), applied to the time before
    signature only.
    """
    out: Floats = months * (np.asarray(participants, float) ** exponent - 1.0)
    return out


def _uniform(start: Floats, end: Floats, years: int) -> Floats:
    """Share of [start, end] in each of the years 0..years-1 after the order year, shape (m, years).

    `start` and `end` count from the beginning of the order year; an empty interval is a point.
    """
    edge = np.arange(years + 1, dtype=float)
    length = end - start
    point = length <= 0
    covered = np.clip(edge[None, :] - start[:, None], 0.0, np.where(point, 1.0, length)[:, None])
    shares = np.diff(covered, axis=1) / np.where(point, 1.0, length)[:, None]
    at = (edge[None, :-1] <= start[:, None]) & (start[:, None] < edge[None, 1:])
    out: Floats = np.where(point[:, None], at.astype(float), shares)
    return out


def delivery_shares(lead_months: Floats, span_months: Floats, years: int) -> Floats:
    """Share of an order delivered in each year after its order year.

    Parameters
    ----------
    lead_months, span_months : (m,) arrays
        Signature to first delivery, and first to last delivery, months.
    years : int
        Number of years counted, order year included.

    Returns
    -------
    (m, years) array; rows sum to 1 when the last delivery falls inside.
    """
    start = 0.5 + lead_months / 12
    return _uniform(start, start + span_months / 12, years)


def payment_shares(lead_months: Floats, span_months: Floats, advance: float, years: int) -> Floats:
    """Share of an order paid in each year: `advance` at signature, the rest evenly to the last delivery."""
    start = np.full_like(lead_months, 0.5)
    out = (1.0 - advance) * _uniform(start, start + (lead_months + span_months) / 12, years)
    out[:, 0] += advance
    return out
