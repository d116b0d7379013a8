"""Confidentiality labels: where information comes from and whom it may reach."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """What an originator says about the release of one event (compare STANAG 4774).

    Parameters
    ----------
    nation : str
        ISO 3166-1 alpha-2 code of the nation of origin: that of the principal who sent it.
    access : str
        Classification as the event states it, empty if it states none.
    caveat : str
        Handling caveat as stated, empty if none.
    releasable_to : frozenset of str, optional
        Nations that the event names. None if it names none, which is not the same as an empty set.
    """

    nation: str
    access: str = ""
    caveat: str = ""
    releasable_to: frozenset[str] | None = None
