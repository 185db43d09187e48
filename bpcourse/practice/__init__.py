"""Practice: the reader does the derivation, and finds out which mistake she made.

Read in this order:

- `rules`: how one value is made from others, one row a rule;
- `derivations`: named steps, each made by a rule, run on the book's numbers or fresh ones;
- `worked`: the derivations of any circuit and network;
- `mistakes`: what people do in the place of a rule, and why, row by row in the `catalogue`;
- `injections`: the mistakes that can be made in a line of the package itself;
- `diagnosis`: from a reader's number to the mistake behind it;
- `exercises`: what is asked, chapter by chapter from the `bank`;
- `outcomes`: what a student can do after each chapter, and what tests it;
- `clinic`, `damage`: a derivation with one mistake in it, and what that does to the loss;
- `cases`, `code`: a reader's own function, run against the book's on random numbers;
- `answers`: `check`, which says of any answer what these find;
- `page`: the exercises in the built page, alive without a kernel;
- `notebook`: one of them in a notebook.

    >>> from bpcourse.practice import check
    >>> check("07.3", "-0.0652")
"""

from bpcourse.practice.answers import check
from bpcourse.practice.code import diagnose
from bpcourse.practice.exercises import chapter, exercise
from bpcourse.practice.worked import of_circuit, of_network

__all__ = ["chapter", "check", "diagnose", "exercise", "of_circuit", "of_network"]
