"""Mistakes of what it costs, two directions, remedies.

Book: chapters 13 to 15.
"""

from __future__ import annotations

from bpcourse.practice.rules import Mistake

# fmt: off
ROWS: list[Mistake] = [
]
# fmt: on
"""The rows of the catalogue for what it costs, two directions, remedies."""
