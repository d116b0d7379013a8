"""The report of a plan: one self-contained HTML file, made from the plan's tables alone."""

from vallum.report.page import render

__all__ = ["render"]
