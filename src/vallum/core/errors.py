"""Errors that a user can act on.

Every error that leaves Vallum on purpose is a `VallumError`. It says what is wrong, where (file, row,
column), which rule was broken and what to do about it. The command line prints it and exits with 2.
"""


class VallumError(Exception):
    """An error with a place, a rule and a remedy.

    Parameters
    ----------
    message : str
        What is wrong, one sentence.
    where : str, optional
        The place in the user's own terms, such as ``purses.csv, row 7, column plannable_meur``.
    rule : str, optional
        Name of the broken rule.
    remedy : str, optional
        What the user can do about it, one sentence.
    """

    def __init__(self, message: str, where: str = "", rule: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.rule = rule
        self.remedy = remedy

    def __str__(self) -> str:
        """One readable sentence, then the remedy."""
        sentence = _sentence(f"{self.where}: {self.message}" if self.where else self.message)
        return f"{sentence} {_sentence(self.remedy)}" if self.remedy else sentence

    def __reduce__(self) -> tuple[type["VallumError"], tuple[str, str, str, str]]:
        """Survive the trip between processes with all four fields."""
        return type(self), (self.message, self.where, self.rule, self.remedy)


class BadInput(VallumError):
    """The given data, file or argument cannot be used as it is."""


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
