"""What a provider must do: a module per capability, each a Protocol and its dataclasses. They import errors only."""
