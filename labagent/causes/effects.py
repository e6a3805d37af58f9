"""What is asked for, and what there is to tell it from."""

from collections.abc import Iterable
from dataclasses import dataclass

from labagent.causes.mixed import MixedGraph, Names
from labagent.errors import DataError


@dataclass(frozen=True)
class Effect:
    """``P(outcome | do(treatment), given)``; :func:`effect` is the short way to one.

    Attributes:
        treatment: The variables that would be set.
        outcome: The variables whose distribution is asked for.
        given: The variables whose values, seen after setting, are conditioned on.
    """

    treatment: Names
    outcome: Names
    given: Names = frozenset()

    def __post_init__(self) -> None:
        """Check that something is asked and that each variable has one part."""
        if not self.outcome:
            raise DataError(f"effect {self}: got no outcome, must have one; name it")
        several = self.treatment & self.outcome
        several |= (self.treatment | self.outcome) & self.given
        if several:
            raise DataError(
                f"effect {self}: got {list_names(several)} more than once, must be "
                "treatment, outcome or condition; name it once"
            )

    @property
    def variables(self) -> Names:
        """All variables it names."""
        return self.treatment | self.outcome | self.given

    def __str__(self) -> str:
        """Return it as a formula for people."""
        done = f"do({', '.join(sorted(self.treatment))})" if self.treatment else ""
        behind = ", ".join(part for part in (done, *sorted(self.given)) if part)
        of = ", ".join(sorted(self.outcome))
        return f"P({of} | {behind})" if behind else f"P({of})"


def effect(
    treatment: str | Iterable[str], on: str | Iterable[str], given: Iterable[str] = ()
) -> Effect:
    """Return the effect of some variables on others: ``effect("temper", "strength")``.

    Args:
        treatment: What would be set: a name or several.
        on: Whose distribution is asked for: a name or several.
        given: Names of what is conditioned on.
    """
    return Effect(_gather(treatment), _gather(on), frozenset(given))


@dataclass(frozen=True)
class Sources:
    """What the experiments at hand recorded and set, and what others could set.

    Attributes:
        measured: What is recorded in every experiment, whether set or not.
        regimes: For each kind of experiment all the variables it set at will, with
            every value possible; an empty set is plain observation. What was set is
            known there, measured or not.
        settable: What an experiment could set; with what was ever set.
    """

    measured: Names
    regimes: tuple[Names, ...] = (frozenset(),)
    settable: Names = frozenset()

    @property
    def ever_set(self) -> Names:
        """The variables that some experiment set."""
        return frozenset[str]().union(*self.regimes)

    @property
    def always_set(self) -> Names:
        """The variables that every experiment set."""
        return self.ever_set.intersection(*self.regimes)

    @property
    def known(self) -> Names:
        """The variables whose values every experiment tells."""
        return self.measured | self.always_set

    @property
    def variables(self) -> Names:
        """All variables that it names."""
        return self.measured | self.ever_set | self.settable

    def set_more(self, regime: Names) -> "Sources":
        """Return these with one more kind of experiment."""
        return Sources(self.measured, (*self.regimes, regime), self.settable)

    def measure_more(self, variables: Names) -> "Sources":
        """Return these with more recorded in every experiment."""
        return Sources(self.measured | variables, self.regimes, self.settable)


@dataclass(frozen=True)
class Regime:
    """The experiments that set the same variables, as one source.

    Attributes:
        done: What was set.
        whole: The causes, unmeasured ones included, as where nothing is set.
        graph: The causes among what is known there, the rest projected out; nothing
            causes what was set.
    """

    done: Names
    whole: MixedGraph
    graph: MixedGraph

    @property
    def random(self) -> Names:
        """What was seen there without being set."""
        return self.graph.vertices - self.done

    @property
    def free(self) -> MixedGraph:
        """The causes among what was seen there without being set."""
        return self.graph.keep(self.random)


def enter(graph: MixedGraph, sources: Sources, done: Names) -> Regime:
    """Return the source that the experiments of one regime are."""
    seen = graph.cut_into(done).project(sources.measured | done)
    return Regime(done, graph, seen)


def list_names(names: Iterable[str]) -> str:
    """Return names as people list them: ``a, b and c``."""
    *some, last = sorted(names)
    return f"{', '.join(some)} and {last}" if some else last


def _gather(names: str | Iterable[str]) -> Names:
    return frozenset({names}) if isinstance(names, str) else frozenset(names)
