"""The forms of accounts. Imported by the views when a form is first shown, since WTForms takes long to load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    Form,
    HiddenField,
    PasswordField,
    StringField,
    ValidationError,
)
from wtforms.fields.core import Field
from wtforms.validators import StopValidation

from pegboard.errors import Refused
from pegboard.i18n import gettext as _
from pegboard.i18n import lazy_gettext

from . import passwords
from .addresses import LONGEST, normalised
from .service import LONGEST_NAME, checked_name

Validator = Callable[[Form, Field], None]


class _Required:
    """As WTForms' DataRequired, in the reader's language, and without removing a password's spaces."""

    field_flags = {"required": True}  # noqa: RUF012 - the name and the shape are WTForms'

    def __call__(self, form: Form, field: Field) -> None:
        if not field.data:
            raise StopValidation(_("Please fill this in."))


class _AtMost:
    """As WTForms' Length, in the reader's language."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.field_flags = {"maxlength": longest}

    def __call__(self, form: Form, field: Field) -> None:
        if len(field.data or "") > self.longest:
            raise ValidationError(_("At most %(longest)s characters.", longest=self.longest))


def _passes(check: Callable[[str], object]) -> Validator:
    """A validator from a function that refuses what cannot be."""

    def validate(form: Form, field: Field) -> None:
        try:
            check(field.data or "")
        except Refused as error:
            raise ValidationError(str(error)) from None

    return validate


class AccountForm(FlaskForm):
    """A form whose labels are translated for each request."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Form) -> None:
            return None

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            """Only what a form sends is read: fields of JSON could be anything."""
            return request.form if request.method == "POST" else None

    labels: dict[str, Callable[[], str]] = {}  # noqa: RUF012 - each form has its own

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.labels.items():
            self[name].label.text = label()

    def refuse(self, message: str) -> None:
        """Show an error that is about no one field."""
        self.form_errors.append(message)


class SignInForm(AccountForm):
    """Says nothing about what is typed, so that it answers no question about an account."""

    labels = {"email": lazy_gettext("Email"), "password": lazy_gettext("Password")}  # noqa: RUF012
    email = EmailField(validators=[_Required(), _AtMost(LONGEST)])
    password = PasswordField(validators=[_Required()])
    next = HiddenField()


class SignUpForm(AccountForm):
    labels = {  # noqa: RUF012
        "name": lazy_gettext("Name"), "email": lazy_gettext("Email"), "password": lazy_gettext("Password"),
    }  # fmt: skip
    name = StringField(validators=[_Required(), _AtMost(LONGEST_NAME), _passes(checked_name)])
    email = EmailField(validators=[_Required(), _AtMost(LONGEST), _passes(normalised)])
    password = PasswordField(validators=[_Required(), _passes(passwords.acceptable)])
    next = HiddenField()


class ProfileForm(AccountForm):
    labels = {"name": lazy_gettext("Name")}  # noqa: RUF012
    name = StringField(validators=[_Required(), _AtMost(LONGEST_NAME), _passes(checked_name)])


class PasswordForm(AccountForm):
    labels = {  # noqa: RUF012
        "current_password": lazy_gettext("Current password"), "new_password": lazy_gettext("New password"),
    }  # fmt: skip
    current_password = PasswordField(validators=[_Required()])
    new_password = PasswordField(validators=[_Required(), _passes(passwords.acceptable)])
