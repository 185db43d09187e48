"""A reader's own function, run against the book's on random cases.

Book: the notebooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpcourse import checks
from bpcourse.practice.diagnosis import Verdict
from bpcourse.practice.exercises import Code


def check_code(question: Code, function: Callable[..., Any]) -> Verdict:
    """Whether the function gives on every case what the solution gives.

    TypeError where it is no function. What it raises is told, not raised.
    """
    checks.function(function, "answer", "the arguments that the stub names")
    for case in question.cases():
        try:
            out = function(*case)
        except Exception as error:  # a student's own function may raise anything
            return Verdict("mistake", f"Your function raised {type(error).__name__}: {error}")
        if out is None:
            return Verdict("mistake", "Your function returns nothing yet: fill in the stub, and return the result.")
        if not np.allclose(out, question.solved(*case), rtol=1e-7, atol=1e-9):
            return Verdict("mistake", "Not right on every case.")
    return Verdict("right", "Right on every case.")
