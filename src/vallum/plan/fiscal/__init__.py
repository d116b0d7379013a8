"""The fiscal outlook: what a budget or a plan of purchases does to the public finances of each member."""

from vallum.plan.fiscal.pipeline import Replan, make
from vallum.plan.fiscal.store import Outlook, read_outlook

__all__ = ["Outlook", "Replan", "make", "read_outlook"]
