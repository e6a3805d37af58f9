"""Calculations that drivers, demos and benchmarks share."""
