"""labagent: an active-learning agent for materials laboratories.

The rooms are stacked; each imports only rooms below it (see DECISIONS.md and the
import contracts in ``pyproject.toml``)::

    app | loop, review | planning | acquisition | world | representations
        | config | ports | experiments | campaigns | causes | variables, materials
        | errors
"""

__version__ = "0.1.0"
