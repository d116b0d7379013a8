"""policy.toml: what it says, and what is wrong with it in the user's own terms."""

from pathlib import Path

import pytest

from vallum.core.errors import BadInput
from vallum.core.policy import Policy, Release
from vallum.hub.release import read_policy

WHOLE = """
nations = ["EE", "LV", "LT"]
levels = ["Unclassified", " RESTRICTED "]
default_level = "restricted"
refuse_types = ["u-d", "t-b-*"]
refuse_details = ["SecretPlan"]

[level_aliases]
"nato restricted" = "Restricted"
" U " = "UNCLASSIFIED"

[nation_names]
est = ["EE"]
BALTIC = ["EE", "LV", "LT"]

[[release]]
origin = "EE"
to = ["LV"]
if_named = ["LT"]
types = ["a-f", "b-t-f-*", "b-a-"]
up_to = "Restricted"
caveats = ["blue"]
groups = ["ops"]

[[release]]
origin = "LV"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_whole_file(tmp_path: Path) -> None:
    assert read_policy(write(tmp_path, WHOLE)) == Policy(
        nations=("EE", "LV", "LT"),
        levels=("UNCLASSIFIED", "RESTRICTED"),
        default_level=1,
        aliases={"NATO RESTRICTED": "RESTRICTED", "U": "UNCLASSIFIED"},
        nation_names={"EST": frozenset(("EE",)), "BALTIC": frozenset(("EE", "LV", "LT"))},
        releases=(
            Release(
                "EE",
                to=frozenset(("LV",)),
                if_named=frozenset(("LT",)),
                types=("a-f", "b-t-f", "b-a"),
                up_to=1,
                caveats=frozenset(("BLUE",)),
                groups=frozenset(("ops",)),
            ),
            Release("LV"),
        ),
        refused_types=("u-d", "t-b"),
        refused_details=frozenset(("secretplan",)),
    )


def test_the_least_file_releases_nothing(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, 'nations = ["EE"]\n'))
    assert policy == Policy(nations=("EE",))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"EE", "LV", "LT"]\nlevels', '"EE", "LV"]\nlevels', ["nation_names.BALTIC", "'LT'"]),
        ('nations = ["EE"', 'nations = ["ee"', ["nations", "'ee'", "ISO 3166-1"]),
        ('nations = ["EE"', 'nations = ["EST"', ["nations", "'EST'"]),
        ('nations = ["EE"', 'nations = ["EE", "EE"', ["nations", "twice"]),
        ('nations = ["EE", "LV", "LT"]', "nations = []", ["nations", "empty"]),
        ('levels = ["Unclassified", " RESTRICTED "]', "levels = []", ["levels", "empty"]),
        ('" RESTRICTED "]', '" RESTRICTED ", "restricted"]', ["levels", "twice"]),
        ('" RESTRICTED "]', '" RESTRICTED ", ""]', ["levels", "empty"]),
        (
            'default_level = "restricted"',
            'default_level = "secret"',
            ["default_level", "'secret'", "UNCLASSIFIED, RESTRICTED"],
        ),
        ('= "Restricted"\n" U', '= "Secret"\n" U', ["level_aliases.nato restricted", "'Secret'"]),
        ('est = ["EE"]', 'est = ["XX"]', ["nation_names.est", "'XX'"]),
        ('est = ["EE"]', 'EE = ["LV"]', ["nation_names.EE"]),
        ('origin = "EE"', 'origin = "US"', ["release 1, origin", "'US'"]),
        ('origin = "LV"', 'origin = "US"', ["release 2, origin", "'US'"]),
        ('to = ["LV"]', 'to = ["Latvia"]', ["release 1, to", "'Latvia'"]),
        ('if_named = ["LT"]', 'if_named = ["PL"]', ["release 1, if_named", "'PL'"]),
        ('up_to = "Restricted"', 'up_to = "Top Secret"', ["release 1, up_to", "'Top Secret'"]),
        ('"b-t-f-*"', '"a-*-G"', ["release 1, types", "'a-*-G'"]),
        ('"b-t-f-*"', '"*"', ["release 1, types", "'*'"]),
        ('"b-t-f-*"', '""', ["release 1, types", "''"]),
        ('"t-b-*"', '""', ["refuse_types", "''"]),
        ('to = ["LV"]', 'too = ["LV"]', ["too", "release[0]"]),
        ('to = ["LV"]', 'to = "LV"', ["release[0].to"]),
        ('origin = "LV"', "", ["origin", "release[1]"]),
        ("nations = [", "nations = [[", ["line"]),
    ],
)
def test_an_error_names_file_key_and_value(tmp_path: Path, old: str, new: str, named: list[str]) -> None:
    assert WHOLE.count(old) == 1
    path = write(tmp_path, WHOLE.replace(old, new))
    with pytest.raises(BadInput) as refused:
        read_policy(path)
    sentence = str(refused.value)
    for part in (str(path), *named):
        assert part in sentence
    assert refused.value.rule
    assert refused.value.remedy
