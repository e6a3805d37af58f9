"""Executors that compute or look up; no sample is consumed."""
