"""Files of a store that cannot sign links itself: the board signs them, and serves what they lead to.

A provider is one class of three methods, `write`, `open` and `remove`; all the rest of `FileStorage` is made of them:

    class AtticStorage(ServedFileStorage):
        name = "attic"

        def write(self, key, pieces, content_type, metadata): ...
        def open(self, key, start, end): ...
        def remove(self, key): ...

The plugin offers it, and serves it below the plugin's URL prefix:

    @hookimpl
    def providers(self):
        yield Provider(FILES, "attic", self._storage)

    @hookimpl
    def blueprints(self):
        yield served_files(self.name, lambda: current_board().provider(FILES, "attic"))

    def _storage(self):
        from .provider import AtticStorage

        return AtticStorage(Links.of_board(self.name))
"""

from __future__ import annotations

from .links import Links
from .storage import ServedFileStorage
from .views import served_files

__all__ = ["Links", "ServedFileStorage", "served_files"]
