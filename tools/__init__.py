"""What the Makefile runs: environments, locks, checks. None of it is in a distribution."""
