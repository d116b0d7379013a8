"""Vallum: joint defence planning for groups of states.

The names below are the public interface. They are loaded when they are first used, so that
`import vallum` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vallum.core.errors import BadInput as BadInput
    from vallum.core.errors import VallumError as VallumError
    from vallum.plan import make as make
    from vallum.plan.audit import audit as audit
    from vallum.region import Region as Region
    from vallum.region import catalogue as catalogue
    from vallum.solve import Limits as Limits

    __version__: str

_HOME = {
    "BadInput": "vallum.core.errors",
    "Limits": "vallum.solve",
    "Region": "vallum.region",
    "VallumError": "vallum.core.errors",
    "audit": "vallum.plan.audit",
    "catalogue": "vallum.region",
    "make": "vallum.plan",
}

__all__ = ["BadInput", "Limits", "Region", "VallumError", "__version__", "audit", "catalogue", "make"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("vallum")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    message = f"module 'vallum' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return __all__
