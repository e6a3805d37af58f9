"""The structural causal model: declared causes as law, for do() and counterfactuals.

Every variable with declared causes has a mechanism v = f_v(parents) + e_v [Pearl2009]_,
a Gaussian process fitted on the rows in which v was not itself set. Where a hidden
common cause of v and one of its parents is declared, only rows in which that parent was
set tell of f_v. All other variables are roots and come as they were seen together.

Uncertainty is over functions: a draw is one function a mechanism, used at all points of
a query at once, so that differences between actions keep what they have in common.
Draws differ in hyper-parameters too, and functions are rough (Matern): extrapolating a
very smooth one promises too much. A variable that always was positive has its
mechanism in logs where its data are likelier so: scatter is then relative.

.. [Pearl2009] J. Pearl. Causality. 2nd edition, Cambridge University Press, 2009
   (section 1.4: structural models; 7.1: abduction, action, prediction).
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from labagent.world.exact import ExactGP
from labagent.world.logs import from_log, to_log

JITTER = 1e-7
"""Added to variances of joint draws, relative to standardised values."""

DRAWS = 256
"""Functions drawn for an answer."""

KINDS = 8
"""Hyper-parameters among them."""

MEMORY = 4
"""Turns of a stage after which a draw of their law forgets where it was drawn."""

Past = dict[str, list[tuple[Tensor, Tensor]]]
"""Law of several turns to points (DRAWS, q, d) and normals (DRAWS, q) of its draws."""

UNITS = 32
"""Realisations of roots and noise over which an expectation is taken."""


@final
@dataclass(frozen=True)
class Records:
    """What was seen, and what of it was set.

    Attributes:
        values: Variable to (n, w) encoded values, NaN where missing; effects have
            w = 1 and are in declared units.
        was_set: Variable to (n,) whether the row's value was set by somebody; variables
            that never were are absent.
        labels: Variables whose columns are labels that are exchangeable, such as lots.
    """

    values: Mapping[str, Tensor]
    was_set: Mapping[str, Tensor]
    labels: frozenset[str] = frozenset()

    def lengths_of(self, names: Iterable[str]) -> Tensor:
        """Return which length-scale each column of some variables has (d,)."""
        groups: list[int] = []
        for name in names:
            first = groups[-1] + 1 if groups else 0
            width = self.values[name].shape[-1]
            alike = name in self.labels
            groups += [first if alike else first + k for k in range(width)]
        return torch.tensor(groups, dtype=torch.long)

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(next(iter(self.values.values())))

    def left_alone(self, name: str) -> Tensor:
        """Return (n,) whether a variable took its natural course."""
        free = torch.ones(self.count, dtype=torch.bool)
        return ~self.was_set[name] if name in self.was_set else free


@final
@dataclass(frozen=True)
class Law:
    """One variable's mechanism.

    Attributes:
        name: The variable.
        parents: Its declared causes, in the order of the inputs.
        low: (d,) least value of each input.
        span: (d,) its range.
        shift: Mean of the variable's data, in its unit or as a log.
        scale: Their standard deviation.
        gps: Of standardised values over inputs scaled to [0, 1]; draws take turns.
        log: Whether the mechanism is one of logs.
        largest: The largest value of the variable's data, in its unit.
        kind: Of a law that several turns of a stage obey: which.
    """

    name: str
    parents: tuple[str, ...]
    low: Tensor
    span: Tensor
    shift: float
    scale: float
    gps: tuple[ExactGP, ...]
    log: bool
    largest: float
    kind: str = ""

    def inputs(self, values: Mapping[str, Tensor]) -> Tensor:
        """Return inputs (..., q, d) from the parents' values (..., q, w)."""
        x = torch.cat([values[p] for p in self.parents], dim=-1)
        return (x - self.low) / self.span

    def draw(self, values: Mapping[str, Tensor], z: Tensor, past: "Past") -> Tensor:
        """Return the function (DRAWS, q) from normals z (DRAWS, q), in unit or logs.

        Args:
            values: Of the parents.
            z: Standard normals.
            past: Where the same functions were drawn before; takes these points.
        """
        q = z.shape[-1]
        own = past.setdefault(self.kind, []) if self.kind else []
        own.append((self.inputs(values), z))
        x = torch.cat([points for points, _ in own[-MEMORY:]], dim=-2)
        z = torch.cat([normals for _, normals in own[-MEMORY:]], dim=-1)
        eye = torch.eye(z.shape[-1], dtype=z.dtype)
        parts: list[Tensor] = []
        for gp, inputs, normal in zip(
            self.gps,
            x.chunk(KINDS),
            z.unsqueeze(-1).chunk(KINDS),
            strict=True,
        ):
            mean, covariance = gp.joint(inputs)
            L = torch.linalg.cholesky(covariance + JITTER * eye)
            parts.append((mean + (L @ normal).squeeze(-1))[..., -q:])
        return self.shift + self.scale * torch.cat(parts)

    @property
    def noise(self) -> Tensor:
        """(DRAWS, 1) standard deviations of e_v, in the variable's unit or as logs."""
        each = [math.sqrt(gp.parameters.noise) for gp in self.gps]
        found = torch.tensor(each, dtype=torch.float64)
        return self.scale * found.repeat_interleave(DRAWS // KINDS).unsqueeze(-1)

    def told(self, linked: Tensor) -> Tensor:
        """Return values in the variable's unit."""
        return from_log(linked, self.largest) if self.log else linked

    def linked(self, value: Tensor) -> Tensor:
        """Return values as the mechanism has them: in the unit, or as logs."""
        return to_log(value, self.largest) if self.log else value


@final
@dataclass(frozen=True)
class Structural:
    """All mechanisms of a declared graph.

    Attributes:
        laws: Causes before effects.
        roots: Variable to (r, w) values that were seen together.
        known: What is known, not measured, before the first turn of a stage that
            repeats, in its unit; among the roots too.
    """

    laws: tuple[Law, ...]
    roots: Mapping[str, Tensor]
    known: Mapping[str, float] = field(default_factory=dict[str, float])

    def draw(
        self,
        actions: Sequence[Mapping[str, Tensor]],
        seed: int,
        *,
        units: int = UNITS,
    ) -> dict[str, Tensor]:
        """Return what would be seen: variable to (DRAWS, actions, units), in its unit.

        Units are the same under every action: their roots and their noise.

        Args:
            actions: What is set, variable to (w,) encoded value.
            seed: Of functions and units.
            units: Realisations of roots and noise, an even number.
        """
        generator = torch.Generator().manual_seed(seed)
        a, q = len(actions), len(actions) * units
        rows = torch.randint(self._seen, (units,), generator=generator)
        values = {
            name: seen[rows].repeat(a, 1).expand(DRAWS, q, -1)
            for name, seen in self.roots.items()
        }
        for name in {n for action in actions for n in action}:
            values[name] = _forced(values.get(name), name, actions, (DRAWS, units))
        varied = _varied(actions)
        past: Past = {}
        for law in self.laws:
            z = torch.randn(DRAWS, q, generator=generator, dtype=torch.float64)
            if law.name not in varied and not varied & set(law.parents):
                # the same under every action, to the last bit
                once = {p: values[p][:, :units] for p in law.parents}
                f = law.draw(once, z[:, :units], past).repeat(1, a)
            else:
                varied.add(law.name)
                f = law.draw(values, z, past)
            half = torch.randn(units // 2, generator=generator, dtype=torch.float64)
            e = torch.cat([half, -half])  # in pairs, so that it averages to nothing
            natural = law.told(f + law.noise * e.repeat(a))
            given = values.get(law.name)
            found = natural.unsqueeze(-1)
            values[law.name] = (
                found if given is None else torch.where(given.isnan(), found, given)
            )
        return {
            n: v.squeeze(-1).unflatten(1, (a, units)) for n, v in self._told(values)
        }

    @property
    def _seen(self) -> int:
        return len(next(iter(self.roots.values()))) if self.roots else 1

    def _told(self, values: Mapping[str, Tensor]) -> list[tuple[str, Tensor]]:
        told = values.keys() - self.known.keys()
        return [(n, v) for n, v in values.items() if v.shape[-1] == 1 and n in told]

    def effect(
        self,
        outcome: str,
        actions: tuple[Mapping[str, Tensor], Mapping[str, Tensor]],
        seed: int,
    ) -> Tensor:
        """Return draws (DRAWS,) of E[outcome | do(second)] - E[outcome | do(first)]."""
        found = self.draw(actions, seed)[outcome].mean(dim=-1)
        return found[:, 1] - found[:, 0]

    def counterfactual(
        self,
        unit: Mapping[str, Tensor],
        action: Mapping[str, Tensor],
        seed: int,
        was_set: Collection[str] = (),
    ) -> dict[str, Tensor]:
        """Return what this very unit would have shown: effect to (DRAWS,) draws.

        Abduction: the unit's noise is what its values leave unexplained by a draw of
        the functions. Action: what is set replaces its mechanism. Prediction: the same
        functions and noise give everything after it [Pearl2009]_.

        Args:
            unit: Variable to (w,) what was seen of the unit; what is missing is drawn.
            action: Variable to (w,) what would have been set.
            seed: Of functions, and of noise where it cannot be abducted.
            was_set: What was set in the unit itself; it stays as it was.
        """
        generator = torch.Generator().manual_seed(seed)
        values: dict[str, Tensor] = {}
        for name, seen in unit.items():
            other = action.get(name, seen)
            if bool(seen.isnan().any()):
                continue
            values[name] = torch.stack([seen, other]).expand(DRAWS, 2, -1)
        for name, value in self.known.items():
            values[name] = torch.full((DRAWS, 2, 1), value, dtype=torch.float64)
        found: dict[str, Tensor] = {}
        varied = set(action)
        past: Past = {}
        for law in self.laws:
            z = torch.randn(DRAWS, 2, generator=generator, dtype=torch.float64)
            e = torch.randn(DRAWS, generator=generator, dtype=torch.float64)
            f = law.draw(values, z, past)
            was = values[law.name][:, 0, 0] if law.name in values else None
            drawn = law.noise[:, 0] * e
            noise = drawn if was is None else law.linked(was) - f[:, 0]
            actual = law.told(f[:, 0] + noise) if was is None else was
            would = actual
            if law.name in action:
                would = action[law.name].expand(DRAWS)
            elif varied & set(law.parents) and law.name not in was_set:
                varied.add(law.name)
                would = law.told(f[:, 1] + noise)
            found[law.name] = would
            values[law.name] = torch.stack([actual, would], dim=-1).unsqueeze(-1)
        return found


def _varied(actions: Sequence[Mapping[str, Tensor]]) -> set[str]:
    """Return what is not set alike by all actions."""
    first = actions[0]
    return {
        name
        for action in actions
        for name in {*action, *first}
        if name not in action
        or name not in first
        or not torch.equal(action[name], first[name])
    }


def _forced(
    natural: Tensor | None,
    name: str,
    actions: Sequence[Mapping[str, Tensor]],
    size: tuple[int, int],
) -> Tensor:
    """Return (draws, q, w) values set by actions; NaN, or a root's own, elsewhere."""
    draws, units = size
    width = next(len(a[name]) for a in actions if name in a)
    parts: list[Tensor] = []
    for i, action in enumerate(actions):
        if name in action:
            parts.append(action[name].expand(draws, units, width))
        elif natural is not None:
            parts.append(natural[:, i * units : (i + 1) * units])
        else:
            empty = torch.full((draws, units, width), math.nan, dtype=torch.float64)
            parts.append(empty)
    return torch.cat(parts, dim=1)
