"""An authority with a server for this machine, and one user of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vallum.hub.pki import Authority, Delivery, IssuedUser, UserRequest

PASSWORD = "correct horse"  # noqa: S105


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path, now: datetime) -> Authority:
    made = Authority.create(tmp_path / "pki", name="Test authority", now=now)
    made.issue_server(now=now)
    return made


@pytest.fixture
def issue(authority: Authority, now: datetime) -> Callable[..., IssuedUser]:
    def issued(name: str = "Kadri", nation: str | None = "EE", **more: object) -> IssuedUser:
        at = more.pop("now", now)
        options = {key: more.pop(key) for key in ("days", "replace") if key in more}
        delivery = more.pop("delivery", Delivery(password=PASSWORD))
        return authority.issue_user(
            UserRequest(name=name, nation=nation, **more), delivery, now=at, **options
        )

    return issued
