"""Why a file may not be stored, in words for the person who sent it."""

from __future__ import annotations

from pegboard.errors import Refused
from pegboard.i18n import gettext as _

from .models import File

LONGEST = 500  # characters of a message


class FileRefused(Refused):
    """A file that may not be stored. `problem` is a word of `problem_text`; the message is for the person."""

    def __init__(self, problem: str, message: str = "") -> None:
        self.problem = problem
        super().__init__(message[:LONGEST] or _words(problem))


def problem_text(file: File) -> str:
    """What a person reads about a file that failed."""
    return file.refusal or _words(file.problem)


def _words(problem: str | None) -> str:
    texts = {
        "too_large": _("This file is larger than allowed."),
        "quota": _("There was no room for this file. Delete files you no longer need, then upload it again."),
        "pending": _(
            "Too many of your uploads have not finished. Delete those you no longer need, and try again in some minutes."
        ),
        "type": _("Files of this type are not accepted."),
        "refused": _("This file was refused."),
        "unchecked": _("This file could not be checked at that moment. Try again in a minute."),
        "truncated": _("The file did not arrive whole. Upload it again."),
        "unreachable": _("Files could not be stored at that moment. Upload it again."),
    }
    return texts.get(problem or "", _("The upload did not finish. Delete this one and upload it again."))
