"""Small processes of yes-or-no variables whose every effect can be worked out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from random import Random

from labagent.causes import Cause, Counts, Effect, ProcessGraph, Sources

Point = dict[str, int]
Row = tuple[Point, float]
LEVELS: tuple[int, ...] = (0, 1)


def process(edges: str, *hidden: str) -> ProcessGraph:
    """``process("x>m m>y", "x~y")``: two edges, one hidden common cause."""
    ends = [edge.partition(">") for edge in edges.split()]
    pairs = [pair.partition("~") for pair in hidden]
    causes = tuple(Cause(a, b) for a, _, b in ends)
    return ProcessGraph(causes, hidden=tuple((a, b) for a, _, b in pairs))


def sources(measured: str, *regimes: str, settable: str = "") -> Sources:
    """``sources("x y", "x", "")``: seen where x was set, and where nothing was."""
    done = tuple(frozenset(regime.split()) for regime in regimes) or (frozenset(),)
    return Sources(frozenset(measured.split()), done, frozenset(settable.split()))


@dataclass(frozen=True)
class World:
    """A declared graph with mechanisms; hidden causes are variables of their own."""

    graph: ProcessGraph
    chances: Mapping[str, Mapping[tuple[int, ...], float]]
    parents: Mapping[str, tuple[str, ...]]

    def rows(self, done: Mapping[str, int]) -> list[Row]:
        """All combinations of values with their probabilities when some are set."""
        names = list(self.chances)
        points = (
            dict(zip(names, values, strict=True))
            for values in product(LEVELS, repeat=len(names))
        )
        fitting = (p for p in points if all(p[k] == v for k, v in done.items()))
        return [(p, self._weigh(p, done)) for p in fitting]

    def truth(self, asked: Effect, at: Mapping[str, int]) -> float:
        """The effect, from the process with the treatment set."""
        rows = self.rows({name: at[name] for name in asked.treatment})
        given = {name: at[name] for name in asked.given}
        both = given | {name: at[name] for name in asked.outcome}
        return _mass(rows, both) / _mass(rows, given)

    def counts(self, at_hand: Sources) -> Counts:
        """What endless experiments show, and nothing that is not recorded."""
        table: dict[frozenset[str], list[Row]] = {}
        for done in at_hand.regimes:
            shown = at_hand.measured | done
            rows = (row for setting in settings(done) for row in self.rows(setting))
            added: dict[tuple[tuple[str, int], ...], float] = {}
            for point, weight in rows:
                key = tuple((k, v) for k, v in point.items() if k in shown)
                added[key] = added.get(key, 0.0) + weight
            table[done] = [(dict(key), weight) for key, weight in added.items()]
        return Counts(table)

    def _weigh(self, point: Point, done: Mapping[str, int]) -> float:
        free = (name for name in self.chances if name not in done)
        return prod(self._chance(name, point) for name in free)

    def _chance(self, name: str, point: Point) -> float:
        yes = self.chances[name][tuple(point[p] for p in self.parents[name])]
        return yes if point[name] else 1 - yes


def make_world(graph: ProcessGraph, random: Random, more: Iterable[str] = ()) -> World:
    """Give every variable of a graph, and every hidden cause, a random mechanism."""
    named = {v for edge in graph.edges for v in edge.ends}
    names = sorted(named.union(more, *graph.hidden))
    tops = {f"top {a} {b}": (a, b) for a, b in graph.hidden}
    parents = {
        name: (*graph.parents(name), *(t for t, ends in tops.items() if name in ends))
        for name in names
    } | dict.fromkeys(tops, ())
    chances = {
        name: {
            values: random.uniform(0.1, 0.9)
            for values in product(LEVELS, repeat=len(parents[name]))
        }
        for name in parents
    }
    return World(graph, chances, parents)


def draw_graph(random: Random, size: int) -> ProcessGraph:
    """Draw a graph over ``a``, ``b``, ``c``, ..., not in the order of their names."""
    names = list("abcde"[:size])
    random.shuffle(names)
    pairs = list(combinations(names, 2))
    dense, tied = random.choice([0.3, 0.5, 0.8]), random.choice([0.1, 0.3, 0.5])
    arrows = [pair for pair in pairs if random.random() < dense] or pairs[:1]
    # Bows forbid most formulas, so half of the graphs have none.
    loose = random.choice([pairs, [pair for pair in pairs if pair not in arrows]])
    hidden = tuple(pair for pair in loose if random.random() < tied)
    return ProcessGraph(tuple(Cause(*pair) for pair in arrows), hidden=hidden[:4])


def draw_sets(
    random: Random, names: Iterable[str], *sizes: int
) -> list[frozenset[str]]:
    """Draw disjoint sets of the sizes given."""
    left = sorted(names)
    random.shuffle(left)
    drawn: list[frozenset[str]] = []
    for size in sizes:
        drawn.append(frozenset(left[:size]))
        left = left[size:]
    return drawn


def settings(names: Iterable[str]) -> list[Point]:
    """Every assignment of yes and no."""
    names = sorted(names)
    return [
        dict(zip(names, values, strict=True))
        for values in product(LEVELS, repeat=len(names))
    ]


def _mass(rows: Iterable[Row], at: Mapping[str, int]) -> float:
    return sum(w for point, w in rows if all(point[k] == v for k, v in at.items()))
