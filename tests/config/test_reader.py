"""YAML 1.2 to a tree: what cannot be read is told, nothing is guessed."""

from pathlib import Path

import pytest

from labagent.config import load
from labagent.config.nodes import Report
from labagent.config.reader import read_yaml
from labagent.errors import ConfigurationError

BROKEN = {
    "empty": ("", "1:1", "the file is empty"),
    "only a comment": ("# nothing\n", "1:1", "the file is empty"),
    "a list": ("- 1\n- 2\n", "1:1", "got [1, 2], must be a mapping"),
    "a text": ("campaign", "1:1", "got 'campaign', must be a mapping"),
    "colon in a text": ("goal: a: b\n", "1:8", "put texts that contain ': ' in quotes"),
    "tab": ("a:\n\t- 1\n", "2:1", "indent with spaces, not tabs"),
    "open bracket": ("a: [1\nb: 2\n", "2:2", "must be YAML 1.2"),
    "open quote": ("a: 'x\n", "2:1", "must be YAML 1.2"),
    "two documents": ("a: 1\n---\nb: 2\n", "2:1", "one campaign per file"),
    "unknown alias": ("a: *b\n", "1:4", "undefined alias"),
    "control character": ("a: \x01\n", "1:1", "must be YAML 1.2"),
    "key twice": ("a: 1\nb: 2\na: 3\n", "3:1", "got the key 'a' twice"),
    "key twice inside": ("a: {b: 1, b: 2}\n", "1:11", "(first on line 1)"),
    "merge key": ("a: &x {b: 1}\nc: {<<: *x}\n", "2:5", "must spell its keys out"),
    "list as a key": ("? [a, b]\n: 1\n", "1:3", "list or mapping as a key"),
    "tag": ("a: !!python/name:os.system x\n", "1:4", "must carry no YAML tag"),
    "infinite": ("a: 1e999\n", "1:4", "must be a finite number"),
    "alias of itself": ("a: &x [*x]\n", "1:4", "nested too deeply"),
    "nested deeply": (f"a: {'[' * 99}{']' * 99}\n", "1:64", "nested too deeply"),
    "nested for ever": ("a: " + "[" * 1000, "1:1", "nested too deeply"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    text, place, part = BROKEN[name]
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load(path)
    told = [str(m) for m in raised.value.mistakes if m.place == f"{path}:{place}"]
    assert any(part in line for line in told), raised.value.mistakes


def test_aliases_that_multiply_end_soon(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="too large"):
        load(path)


def test_a_file_that_is_not_utf8_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: 1\nb: 20 °C\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"latin.yaml:2:7: got the byte 0xb0"):
        load(path)


@pytest.mark.parametrize(
    ("name", "match"),
    [("none.yaml", "there is no such file"), (".", "cannot be read: Is a directory")],
)
def test_a_file_that_cannot_be_opened_is_told(
    tmp_path: Path, name: str, match: str
) -> None:
    with pytest.raises(ConfigurationError, match=match):
        load(tmp_path / name)


def test_scalars_follow_yaml_1_2(tmp_path: Path) -> None:
    path = tmp_path / "scalars.yaml"
    path.write_text(
        "\ufeffa: [NO, off, 1e-3, 1., -.5, +3, 012, 1_0, 1/16, 2001-01-01, 12:30]\n"
        "b: [~, null, true, '5', \"x\"]\nc: >\n  two words\n  folded\nd:\n",
        encoding="utf-8",
    )
    tree = read_yaml(path, Report())
    assert tree is not None
    assert tree.plain == {
        "a": [
            "NO",
            "off",
            1e-3,
            1.0,
            -0.5,
            3,
            12,
            "1_0",
            "1/16",
            "2001-01-01",
            "12:30",
        ],
        "b": [None, None, True, "5", "x"],
        "c": "two words folded\n",
        "d": None,
    }
