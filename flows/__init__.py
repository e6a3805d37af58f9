"""Corridors: the composition root, Prefect flows, dispatch and recovery.

Importing this package places Prefect's settings in the environment, which works only
before Prefect itself is imported; see :mod:`flows.settings`.
"""

from flows.settings import place

place()
