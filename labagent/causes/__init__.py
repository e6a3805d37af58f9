"""What is declared to cause what, and what follows from that alone."""

from labagent.causes.graphs import Cause, ProcessGraph, find_cycle

__all__ = ["Cause", "ProcessGraph", "find_cycle"]
