"""What a provider must do: one Protocol and its dataclasses per capability."""
