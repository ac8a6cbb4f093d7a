"""The upload form, which also carries the token for the script. WTForms is imported when the form is first shown."""

from __future__ import annotations

from functools import cache
from typing import Any


def upload_form() -> Any:
    """A new form with the field `file`."""
    return _form_class()()


@cache
def _form_class() -> Any:
    from flask import request
    from flask_wtf import FlaskForm
    from wtforms import MultipleFileField

    class UploadForm(FlaskForm):
        class Meta(FlaskForm.Meta):
            def wrap_formdata(self, form: Any, formdata: Any) -> Any:
                """Only what a form sends is read: fields of JSON could be anything."""
                return None if request.is_json else super().wrap_formdata(form, formdata)

        file = MultipleFileField()

    return UploadForm
