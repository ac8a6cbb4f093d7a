"""What plugins say about a file before anybody can read it: the hook `check_file`. Without an answer it stays closed."""

from __future__ import annotations

import logging

from pegboard.contributions import FileToCheck
from pegboard.db import db, outside_transaction
from pegboard.deadline import not_counted
from pegboard.errors import Refused
from pegboard.live import Owned, current_board

from .current import storage
from .models import File
from .refusals import FileRefused


def check(file: File, key: str, content_type: str, size: int) -> None:
    """Ask every plugin that checks files about the object under `key`. Makes calls: never inside a transaction.

    FileRefused with a plugin's own words, or `unchecked` where one raised anything else.
    """
    asked = FileToCheck(
        filename=file.filename,
        content_type=content_type,
        size=size,
        owner=file.owner,
        public=file.public,
        open=lambda: storage(file.provider).read(key),
    )
    for veto in current_board().vetoes["check_file"]:
        _ask(veto, asked)


def _ask(veto: Owned, asked: FileToCheck) -> None:
    try:
        with outside_transaction(), not_counted():
            veto.item(asked)
        with outside_transaction():
            pass  # a plugin that has written and not committed is refused
    except Refused as error:
        raise FileRefused("refused", str(error)) from None
    except Exception:
        logging.getLogger("pegboard.files").exception("plugin %s could not check %r", veto.plugin, asked)
        raise FileRefused("unchecked") from None
    finally:
        db.session.rollback()
