"""The console: what there is to do, what failed and why, for those who look after the board."""
