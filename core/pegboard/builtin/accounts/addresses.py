"""E-mail addresses as keys: one spelling per mailbox, whatever was typed."""

from __future__ import annotations

from pegboard.errors import Refused
from pegboard.i18n import gettext as _

LONGEST = 254


def normalised(typed: str) -> str:
    """The address in small letters and Unicode's composed form. Refused where it is none; nothing is looked up."""
    from email_validator import EmailNotValidError, validate_email

    typed = typed.strip()
    try:
        address = validate_email(
            typed[: LONGEST + 1], check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError:
        address = ""
    if not address or len(address) > LONGEST:
        raise Refused(_("Please give an email address, as in ada@example.com."))
    return address


def sought(typed: str) -> str:
    """The address to look for. What is no address stays as it is, as far as a database takes it, and finds nobody."""
    try:
        return normalised(typed)
    except Refused:
        return typed[:LONGEST].lower().encode("utf-8", "replace").decode().replace("\0", "")
