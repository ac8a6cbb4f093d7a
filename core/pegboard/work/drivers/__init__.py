"""Who does the work of a board: a thread of the web process, or processes of their own."""
