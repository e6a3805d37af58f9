"""Whatever is written in a campaign file, the answer is a campaign or its mistakes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labagent.campaigns import Campaign
from labagent.config import from_document, load
from labagent.errors import ConfigurationError

HOME = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    json.loads(load(path).document) for path in sorted(HOME.glob("campaigns/*.yaml"))
]
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "3 min", "12 EUR", "a -> b", "a <= 5 s when b == c"]),
    st.text(max_size=8),
)
_JUNK = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["kind", "unit", "range", "value", "file", "x"]), inner
        ),
    ),
    max_leaves=6,
)
Path_ = tuple[str | int, ...]


def _paths(tree: object, head: Path_ = ()) -> Iterator[Path_]:
    if head:
        yield head
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _paths(value, (*head, key))
    if isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from _paths(value, (*head, i))


def _answered(read: Callable[[], Campaign]) -> bool:
    """Return whether reading tells its mistakes, or gives a campaign that stays."""
    try:
        campaign = read()
    except ConfigurationError as error:
        told = error.mistakes
        return bool(told) and all(m.place and m.problem and m.rule for m in told)
    return from_document(campaign.document) == campaign


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_junk_anywhere_gives_a_campaign_or_mistakes(data: st.DataObject) -> None:
    document = json.loads(json.dumps(data.draw(st.sampled_from(DOCUMENTS))))
    path = data.draw(st.sampled_from(list(_paths(document))))
    inside = document
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = data.draw(_JUNK)
    assert _answered(lambda: from_document(json.dumps(document)))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_mutilated_file_gives_a_campaign_or_mistakes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    source = data.draw(st.sampled_from(sorted(HOME.glob("campaigns/*.yaml"))))
    text = source.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text) - 1))
    end = start + data.draw(st.integers(0, 5))
    text = (
        text[:start]
        + data.draw(st.text("{}[]:,-'\"&*!|> #\n\té", max_size=3))
        + text[end:]
    )
    path = tmp_path_factory.mktemp("mutilated") / "films.yaml"
    path.write_text(text, encoding="utf-8")
    assert _answered(lambda: load(path))
