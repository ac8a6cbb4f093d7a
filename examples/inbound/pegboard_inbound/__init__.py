"""Messages from any sender that signs them as Standard Webhooks say, for Pegboard."""
