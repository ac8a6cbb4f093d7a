"""Plugins that ship with the core, and come through the same door as everyone's."""
