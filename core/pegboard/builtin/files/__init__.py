"""Files of people: stored by a provider, listed by a table, uploaded straight from the browser."""
