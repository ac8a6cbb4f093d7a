"""Plugins that ship with the core, through the same door as everyone's."""
