"""Tests and notebooks run in the book's own surroundings, whatever variables a machine sets."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "book" / "_ext"))
import surroundings

surroundings.settle()
surroundings.ask_for_own_package()
