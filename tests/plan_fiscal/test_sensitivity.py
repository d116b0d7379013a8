"""What moves debt, and which way."""

import pytest

from vallum.plan.fiscal import Outlook


@pytest.mark.parametrize(
    ("policy", "name", "way"),
    [
        ("plan", "market rates", 1),
        ("five", "market rates", 1),
        ("plan", "SAFE spent on top of the budget", 1),
        ("plan", "SAFE rate", 1),
        ("plan", "defence budget", 1),
        ("plan", "related_new_share", 1),
        ("plan", "defence_multiplier", -1),
    ],
)
def test_low_and_high_ends_move_debt_apart(outlook: Outlook, policy: str, name: str, way: int) -> None:
    """Dearer money and more outlays mean more debt, a greater multiplier of defence less."""
    rows = outlook.tables["sensitivity"].filter(policy=policy, input=name)
    assert rows.height == 3
    for row in rows.to_dicts():
        assert way * row["debt_at_high"] >= way * row["debt"] >= way * row["debt_at_low"]
        assert way * row["debt_at_high"] > way * row["debt_at_low"]
