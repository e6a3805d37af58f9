"""Chemical elements and compositions, without any chemistry library."""

from collections.abc import Mapping

ELEMENTS: tuple[str, ...] = tuple(
    """
    H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn
    Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce
    Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn
    Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl
    Mc Lv Ts Og
    """.split()
)
"""Symbols in order of atomic number; ``ELEMENTS[z - 1]`` has atomic number z."""


def formula(fractions: Mapping[str, float], digits: int = 4) -> str:
    """Return fractions as a formula such as ``Al0.25Cu0.75``, absent elements left out.

    Args:
        fractions: Element symbol (or any species name) to mole fraction.
        digits: Significant digits of each fraction.
    """
    present = {s: x for s, x in fractions.items() if x > 0}
    if len(present) == 1:
        return next(iter(present))
    return "".join(f"{symbol}{x:.{digits}g}" for symbol, x in present.items())
