"""`python tools/slides`: make the slides of each chapter from the built book, and the same as PDF, in `_build/slides`.

`python tools/slides 07 09` makes those of these chapters, `python tools/slides svg` the book's figures and equations.
"""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parents[1] / "editions"))

import deck
import pictures

if __name__ == "__main__":
    try:
        pictures.build() if sys.argv[1:] == ["svg"] else deck.build(sys.argv[1:])
    except ValueError as error:
        sys.exit(str(error))
