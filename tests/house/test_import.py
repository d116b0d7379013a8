"""What importing costs, and what the package gives."""

import subprocess
import sys

import pytest

import vallum

HEAVY = ("polars", "numpy", "dataframely", "highspy", "jinja2", "cyclopts")


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_is_quick() -> None:
    code = "import time; a = time.perf_counter(); import vallum; print(time.perf_counter() - a)"
    seconds = min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    )
    assert seconds <= 0.3


def test_import_loads_nothing_heavy() -> None:
    assert not loaded_after("import vallum") & set(HEAVY)


def test_the_command_line_starts_without_the_heavy_packages() -> None:
    assert not loaded_after("import vallum.cli") & {"polars", "numpy", "dataframely", "highspy", "jinja2"}


@pytest.mark.parametrize("name", vallum.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(vallum, name) is not None
    assert name in dir(vallum)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = vallum.nothing
