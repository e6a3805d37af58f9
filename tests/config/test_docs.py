"""The examples of ``docs/campaign-file.md`` and of ``campaigns/`` are sound."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from labagent.config import from_document, load, read_history
from labagent.config.build import KEYS
from labagent.config.goals import _MEASURED_KEYS, _OBJECTIVE_KEYS
from labagent.config.regimes import WORDS
from labagent.config.unsupported import NOT_YET

HOME = Path(__file__).resolve().parents[2]
PAGE = (HOME / "docs" / "campaign-file.md").read_text(encoding="utf-8")
CAMPAIGNS = sorted((HOME / "campaigns").glob("*.yaml"))
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [code for language, code in _FENCE.findall(PAGE) if language == "yaml"]
TABLES = [code for language, code in _FENCE.findall(PAGE) if language == "csv"]


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 4
    assert len(TABLES) == 2


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_a_campaign(tmp_path: Path, number: int) -> None:
    for name, code in zip(("pool.csv", "films.csv"), TABLES, strict=True):
        (tmp_path / name).write_text(code, encoding="utf-8")
    path = tmp_path / "example.yaml"
    path.write_text(EXAMPLES[number], encoding="utf-8")
    campaign = load(path)
    assert from_document(campaign.document) == campaign
    past = read_history(campaign, tmp_path)
    assert [len(row.measurements) for row in past] == ([1, 0] if past else [])


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.name)
def test_the_campaigns_that_ship_are_sound(path: Path) -> None:
    campaign = load(path)
    assert from_document(campaign.document) == campaign


@pytest.mark.parametrize("key", [k for k in KEYS if k not in NOT_YET])
def test_the_page_explains_every_key(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("key", sorted({*_OBJECTIVE_KEYS, *_MEASURED_KEYS, *WORDS}))
def test_the_page_explains_what_is_said_of_quantities(key: str) -> None:
    assert re.search(rf"`{key}\b", PAGE)


def test_reading_a_campaign_needs_neither_torch_nor_openpyxl() -> None:
    code = (
        "import sys; from pathlib import Path; from labagent.config import load; "
        f"load(Path({str(HOME / 'campaigns' / 'alloy.yaml')!r})); "
        "print({'torch', 'pandas', 'openpyxl'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
