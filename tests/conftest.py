"""What every test may rely on."""

import importlib
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    browser = [item for item in items if item.get_closest_marker("browser")]
    if browser and not any(shutil.which(name) for name in BROWSERS):
        _skip(browser, "needs a browser: install chromium")
    gpu = [item for item in items if item.get_closest_marker("gpu")]
    if gpu and not importlib.import_module("torch").cuda.is_available():
        _skip(gpu, "needs a CUDA device")


def _skip(items: list[pytest.Item], reason: str) -> None:
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))
