"""Trade-offs of a plan: how much of one thing another costs, with a certificate at every point."""

from typing import Final

from vallum.plan.frontier.question import Question, question
from vallum.plan.frontier.tables import FRONTIER_TABLES
from vallum.plan.results import Model

__all__ = ["FRONTIER", "Question", "question"]

FRONTIER: Final = Model("frontier", "a trade-off", "vallum plan --frontier", FRONTIER_TABLES)
"""The folder of a trade-off, beside the plans it starts from."""
