"""The catalogue's mistakes that `make mutants` makes in the package: each stands where it says. They are made there, not here."""

import sys

import pages
import pytest

from bpcourse.practice.injections import INJECTIONS
from bpcourse.practice.mistakes import MISTAKES

sys.path.append(str(pages.ROOT / "tools"))
import inject


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda one: f"{one.module}: {one.mistake}")
def test_an_injected_mistake_is_one_of_the_catalogue_and_changes_a_line(injection):
    assert injection.mistake in {mistake.name for mistake in MISTAKES}
    source = (pages.ROOT / "bpcourse" / injection.module).read_text(encoding="utf-8")
    assert source.count(injection.right) == 1 and injection.right != injection.wrong
    assert all((pages.ROOT / "tests" / name).exists() for name in inject.TESTS[injection.module])
