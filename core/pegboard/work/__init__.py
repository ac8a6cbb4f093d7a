"""What happens later: one table of work items, for every database and every engine."""
