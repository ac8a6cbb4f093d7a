"""What a running board tells those who look after it."""
