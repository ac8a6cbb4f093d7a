"""What Pegboard costs, as ratios measured in one run: `python -m bench`. Nothing here is run by the tests."""
