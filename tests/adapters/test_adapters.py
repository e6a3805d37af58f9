from pathlib import Path

import pytest

import adapters
from adapters import EXECUTORS, build, check
from adapters.__main__ import main
from labagent.errors import ConfigurationError
from tests.adapters.setups import setup


def test_check_of_an_unknown_adapter_suggests_one(tmp_path: Path) -> None:
    (problem,) = check(setup(tmp_path, "reply"))
    assert problem == (
        "executors.bench.adapter: got 'reply', must be one of ase-emt, calcination, "
        "replay, python, manual; did you mean 'replay'?"
    )


def test_build_of_an_unknown_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="got 'hotplate', must be one of"):
        build(setup(tmp_path, "hotplate"))


def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXECUTORS, "vendor", "no_such_vendor.device:Device")
    with pytest.raises(ConfigurationError, match="needs the package no_such_vendor"):
        build(setup(tmp_path, "vendor"))


@pytest.mark.parametrize("adapter", EXECUTORS)
def test_check_leaves_nothing_behind(adapter: str, tmp_path: Path) -> None:
    check(setup(tmp_path, adapter, {"colour": "red"}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("adapter", EXECUTORS)
def test_an_unknown_option_is_refused(adapter: str, tmp_path: Path) -> None:
    wrong = setup(tmp_path, adapter, {"colour": "red"})
    assert any("option colour: is unknown, must be one of" in p for p in check(wrong))
    with pytest.raises(ConfigurationError, match="option colour: is unknown"):
        build(wrong)


def test_naming_the_table_imports_no_driver() -> None:
    assert Path(adapters.__file__).read_text().count("import_module(") == 1


def test_the_kit_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such"]) == 2
    assert "give one of ase-emt, calcination" in capsys.readouterr().err
