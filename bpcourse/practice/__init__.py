"""Practice: the reader does the derivation, and finds out which mistake she made.

Read in this order:

- `rules`: how one value is made from others, one row a rule;
- `derivations`: named steps, each made by a rule, run on the book's numbers or fresh ones;
- `worked`: the derivations of any circuit and network;
- `mistakes`: what people do in the place of a rule, and why, row by row in the `catalogue`;
- `diagnosis`: from a reader's number to the mistake behind it;
- `exercises`: what is asked, chapter by chapter from the `bank`, and `check`;
- `code`: a reader's own function, run against the book's;
- `page`: the exercises in the built page, alive without a kernel.

    >>> from bpcourse.practice import check
    >>> check("07.3", "-0.0652")
"""

from bpcourse.practice.code import diagnose as diagnose
from bpcourse.practice.exercises import check as check
from bpcourse.practice.exercises import exercise as exercise
