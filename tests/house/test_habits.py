"""Habits of the house that no linter knows: sizes, and things we do without."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
FOLDERS = ("labagent", "adapters", "db", "flows", "tests", "benchmarks")
MODULES = sorted(path for name in FOLDERS for path in (HOME / name).rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_BODY = 40

# Data that runs as code, a parser that reads NO as False, stand-ins for real things.
UNWANTED_MODULES = {"pickle", "dill", "marshal", "shelve", "joblib", "cloudpickle"}
UNWANTED_MODULES |= {"yaml", "unittest.mock", "mock"}
UNWANTED_CALLS = {"eval", "exec", "torch.load", "monkeypatch.setattr", "os.system"}
UNWANTED_SWITCHES = {"shell", "allow_pickle"}


def long_functions(tree: ast.Module) -> Iterator[str]:
    """Yield functions whose body, docstring left out, is longer than the habit."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :]
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            if lines > LONGEST_BODY:
                yield f"line {node.lineno}: {node.name} has a body of {lines} lines"


def unwanted(tree: ast.Module) -> Iterator[str]:
    """Yield imports, calls and switches we do without, whatever a ``noqa`` says."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = {alias.name for alias in names} & UNWANTED_MODULES
            case ast.ImportFrom(module=str(module), names=names):
                inside = {f"{module}.{alias.name}" for alias in names}
                found = {module, *inside} & UNWANTED_MODULES
            case ast.Call(func=function):
                found = {ast.unparse(function)} & UNWANTED_CALLS
            case ast.keyword(arg=str(switch), value=ast.Constant(value=True)):
                found = {switch} & UNWANTED_SWITCHES
            case ast.Name(id="NotImplementedError"):
                found = {"NotImplementedError"}
            case _:
                continue
        line = getattr(node, "lineno", 0)
        yield from (f"line {line}: {name}" for name in sorted(found))


def name_of(path: Path) -> str:
    return str(path.relative_to(HOME))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_keeps_the_habits(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    broken = [*long_functions(tree), *unwanted(tree)]
    if (lines := len(text.splitlines())) > LONGEST_MODULE:
        broken.append(f"{lines} lines, must be at most {LONGEST_MODULE}")
    if path.stem in {"utils", "helpers", "misc", "common"}:
        broken.append("name says nothing: name the module after what it holds")
    assert not broken, f"{name_of(path)}: " + "; ".join(broken)


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import yaml",
        "from unittest import mock",
        "from unittest.mock import patch",
        "eval('1')",
        "torch.load('weights')",
        "subprocess.run('ls', shell=True)",
        "numpy.load('x.npy', allow_pickle=True)",
        "raise NotImplementedError",
    ],
)
def test_what_we_do_without_is_seen(code: str) -> None:
    assert list(unwanted(ast.parse(code)))


def test_a_long_body_is_seen_and_its_docstring_not_counted() -> None:
    lines = ["def f():", "    '''One.", "", "    More.'''", *["    f()"] * LONGEST_BODY]
    assert not list(long_functions(ast.parse("\n".join(lines))))
    lines.append("    f()")
    assert list(long_functions(ast.parse("\n".join(lines))))
