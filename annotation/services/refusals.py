"""Why a service said no. Every message can be shown to the person as it stands."""

from django.utils.translation import gettext_lazy


class Refused(Exception):
    """Something was asked for that the study's rules forbid; the message says which and what to do."""


class NotReady(Refused):
    """A draft cannot open yet; `reasons` lists everything that is missing, not the first thing only."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class BadSource(Refused):
    """Uploaded rows cannot become a study; `errors` names line, field and remedy of each."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(" ".join(errors))
        self.errors = errors


class InvitationRefused(Refused):
    """This person cannot join by this link."""


class NotBlind(Refused):
    """This person may read which system wrote what, and so cannot judge."""


class StudyClosed(Refused):
    """The study does not take this any more."""


WITHDREW = gettext_lazy("You withdrew your consent to this study: nothing is stored any more.")


class OutOfTurn(Refused):
    """A step of the journey was taken before the one it needs."""


class ForeignPlacement(Refused):
    """The card is somebody else's, or does not exist."""


class StaleWrite(Refused):
    """The page is older than what is stored, or the card went to somebody else meanwhile."""
