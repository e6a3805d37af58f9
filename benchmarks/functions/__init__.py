"""Sequential processes with observed states, and the methods that optimise them.

::

    problems   what is measured, what causes what, what is best
    calcination  the route of adapters/physics, with limits and scatter
    table      all of them by name
    plain      BoTorch as its documentation has it; Sobol points
    eifn       expected improvement of function networks
    agent      labagent through its own functions, negative controls included
    rows       results as JSON lines, so that a killed run goes on
    scores     tables of regret, coverage and time

``benchmarks/networks.py`` runs them.
"""
