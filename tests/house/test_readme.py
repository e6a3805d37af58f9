"""The examples of the README, and of other pages, do what these say.

A comment on the line before a fence marks it::

    <!-- test -->              run it; bash and python are known
    <!-- test exit=3 -->       run it and expect this exit code
    <!-- file campaign.yaml --> write it to this file

Marked fences run in order, in one empty folder, with no way out to the network.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
README = HOME / "README.md"
PAGES = [README, HOME / "docs" / "weights.md"]
MARKED = re.compile(
    r"^<!-- (?P<what>test|file) ?(?P<rest>[^\n]*?) ?-->\n+"
    r"^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
INTERPRETERS = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
}


@dataclass(frozen=True)
class Example:
    """A marked fence: what to run or write, and what is expected of it."""

    line: int
    language: str
    code: str
    file: str = ""
    exit: int = 0
    page: str = README.name


def examples(text: str, page: str = README.name) -> Iterator[Example]:
    for found in MARKED.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        language, code, rest = found["language"], found["code"], found["rest"]
        if found["what"] == "file":
            yield Example(line, language, code, file=rest, page=page)
        else:
            code_expected = int(rest.removeprefix("exit=") or 0)
            yield Example(line, language, code, exit=code_expected, page=page)


def run(example: Example, folder: Path) -> None:
    if example.file:
        (folder / example.file).write_text(example.code, encoding="utf-8")
        return
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    nowhere = "http://127.0.0.1:9"  # the discard port: nobody answers
    done = subprocess.run(
        [*INTERPRETERS[example.language], example.code],
        cwd=folder,
        env=dict(
            os.environ,
            PATH=here,
            HTTP_PROXY=nowhere,
            HTTPS_PROXY=nowhere,
            NO_PROXY="127.0.0.1,localhost",
        ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = f"{example.page}:{example.line}: exit code {done.returncode}\n"
    assert done.returncode == example.exit, said + done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    found = list(examples(page.read_text(encoding="utf-8"), page.name))
    assert found, f"{page.name} marks no example with <!-- test -->"
    for example in found:
        run(example, tmp_path)


PAGE = """\
<!-- file note.txt -->
```text
copper
```

<!-- test -->
```bash
grep copper note.txt
```

```bash
exit 7
```

<!-- test exit=3 -->

```python
raise SystemExit(3)
```
"""


def test_marked_fences_are_found_in_order_and_run(tmp_path: Path) -> None:
    found = list(examples(PAGE))
    assert [(e.line, e.language, e.exit) for e in found] == [
        (1, "text", 0),
        (6, "bash", 0),
        (15, "python", 3),
    ]
    for example in found:
        run(example, tmp_path)


@pytest.mark.parametrize("code", ["false\ntrue", "false | true", "echo $UNSET"])
def test_a_failing_example_is_seen(code: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"README\.md:1: exit code"):
        run(Example(1, "bash", code), tmp_path)
