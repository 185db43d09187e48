"""The editions that `make test-editions` has made."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools" / "editions"))
from still import HTML, ROOT


@pytest.fixture(scope="session")
def edition():
    """A function from a kind to its file."""

    def made(kind: str) -> Path:
        found = [*(ROOT / "_build" / "editions").glob(f"*.{kind}")]
        if not found or not HTML.exists():
            pytest.exit("The tests of the editions need them made: make test-editions", returncode=3)
        return found[0]

    return made
