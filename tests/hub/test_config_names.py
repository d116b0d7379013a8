"""Listeners that cannot be told apart."""

from pathlib import Path

import pytest

from vallum.core.errors import BadInput
from vallum.hub.config import read_config

LISTENER = '[[listeners]]\nkind = "tcp"\nport = 0\nnation = "EE"\nauthentication = "none"\n'


@pytest.mark.parametrize("name", ["", 'name = "post"\n'])
def test_two_listeners_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    """Status, logs and metrics name them, and two of them would be one."""
    file = tmp_path / "hub.toml"
    file.write_text((LISTENER + name) * 2, encoding="utf-8")
    with pytest.raises(BadInput, match="a second listener is called") as caught:
        read_config(file)
    assert caught.value.where == f"{file}, listener 2"
    file.write_text(LISTENER + name + LISTENER + 'name = "other"\n', encoding="utf-8")
    assert len(read_config(file).listeners) == 2
