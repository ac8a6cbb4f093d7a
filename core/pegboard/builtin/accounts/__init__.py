"""Accounts: people, their passwords, their sessions and their roles."""
