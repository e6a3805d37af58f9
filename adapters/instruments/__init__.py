"""Executors that work on real samples, by machine or by hand."""
