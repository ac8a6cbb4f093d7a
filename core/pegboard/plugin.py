"""What a plugin author writes: a subclass of `Plugin` with a name, a settings class and hook implementations."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from .hookspecs import Hooks
from .settings import PluginSettings

API = "1"
"""The version of the plugin API that this core offers."""

S = TypeVar("S", bound=PluginSettings)


class Plugin(Hooks, Generic[S]):
    """One integration. The board makes one instance per board; state lives on it, never in a module.

    The first line of the docstring is the plugin's description. Beside the module that holds the class, if that
    module is called `plugin`, the board looks for `models.py`, `migrations/`, `templates/`, `static/` and `translations/`.
    """

    name: ClassVar[str]
    """`[a-z][a-z0-9_]*`: entry point, TOML table, blueprint, template folder and table prefix."""

    api: ClassVar[str] = API
    """The plugin API it was written for."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Plugins that must be enabled too; they come first."""

    after: ClassVar[tuple[str, ...]] = ()
    """Plugins that come first where they are enabled."""

    conflicts: ClassVar[tuple[str, ...]] = ()
    """Plugins it cannot be enabled with."""

    url_prefix: ClassVar[str | None] = None
    """Where its blueprints hang; by default `/` and the name with dashes. The deployment may override it."""

    command: ClassVar[str | None] = None
    """The word of its command group; by default the name with dashes."""

    tables: ClassVar[tuple[str, ...]] = ()
    """Tables it owns that do not begin with its name and an underscore."""

    hookspecs: ClassVar[type | None] = None
    """A class of `@hookspec` methods that this plugin adds for others to implement, named `<plugin>_…`."""

    Settings: ClassVar[type[PluginSettings]] = PluginSettings

    def __init__(self, settings: S) -> None:
        self.settings: S = settings
