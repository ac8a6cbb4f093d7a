"""Shipped to plugin authors: contract suites with their saboteurs, local servers, and faults to put before them."""
