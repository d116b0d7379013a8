"""Sphinx settings; generate.py writes the reference pages that come from the code."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402 - found only with the path above

generate.pages(HERE / "reference" / "generated")

project = "Vallum"
author = "The Vallum developers"
copyright = "2026, The Vallum developers"
version = release = installed_version("vallum")
language = "en"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "reference/generated"]
nitpicky = True

html_theme = "furo"
html_title = "Vallum"
html_static_path = []
