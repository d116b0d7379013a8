"""Deliveries and payments by year, against hand-worked intervals."""

import numpy as np
import pytest

from vallum.model.procurement.profile import delivery_shares, negotiation_months, payment_shares


def one(value: float) -> np.ndarray:
    return np.array([value])


def test_shares_sum_to_one_when_the_last_delivery_is_inside() -> None:
    rng = np.random.default_rng(0)
    lead, span = rng.uniform(0, 60, 200), rng.uniform(0, 50, 200)
    span[::5] = 0.0
    assert delivery_shares(lead, span, 12).sum(axis=1) == pytest.approx(1.0)
    assert payment_shares(lead, span, 0.3, 12).sum(axis=1) == pytest.approx(1.0)
    assert (delivery_shares(lead, span, 12) >= 0).all()


def test_delivery_by_hand() -> None:
    # signed at 0.5; delivered evenly from 1.25 to 3.25, that is 0.75, 1 and 0.25 years of 2
    shares = delivery_shares(one(9.0), one(24.0), 4)
    assert shares[0] == pytest.approx([0.0, 0.375, 0.5, 0.125])


def test_delivery_beyond_the_years_counted_is_left_out() -> None:
    assert delivery_shares(one(9.0), one(24.0), 3)[0] == pytest.approx([0.0, 0.375, 0.5])


def test_zero_span_is_a_point() -> None:
    assert delivery_shares(one(12.0), one(0.0), 3)[0].tolist() == [0.0, 1.0, 0.0]
    # exactly the turn of the year belongs to the year that begins
    assert delivery_shares(one(18.0), one(0.0), 4)[0].tolist() == [0.0, 0.0, 1.0, 0.0]


def test_payment_by_hand() -> None:
    # 20% at signature, 80% evenly from 0.5 to 2.5: 0.5, 1 and 0.5 years of 2
    assert payment_shares(one(12.0), one(12.0), 0.2, 3)[0] == pytest.approx([0.4, 0.4, 0.2])


def test_payment_at_once() -> None:
    assert payment_shares(one(0.0), one(0.0), 0.2, 2)[0] == pytest.approx([1.0, 0.0])
    assert payment_shares(one(24.0), one(0.0), 1.0, 4)[0].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_negotiation_grows_with_the_cube_root() -> None:
    months = negotiation_months(np.array([1.0, 8.0, 27.0]), 6.0, 1 / 3)
    assert months == pytest.approx([0.0, 6.0, 12.0])
