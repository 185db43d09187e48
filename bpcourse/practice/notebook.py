"""An exercise of the page in a notebook, alive there as in the page.

Book: chapter 19.
"""

from __future__ import annotations

import re
import zlib

from bpcourse import checks
from bpcourse.pictures import svg
from bpcourse.practice import page
from bpcourse.practice.exercises import Code, Exercise, Paper, exercise

TO_SOLUTION = re.compile(r'<a href="#sol-[^"]*">Solution</a>')
"""What leads to the fold of a page, where there is none."""

# JupyterLab takes arrow keys, Enter and letters for its own commands, but not from a control that says so.
_BIND = """\
for (const root of document.querySelectorAll('[data-exercise="{label}"]')) {{
  for (const control of root.querySelectorAll("input, select, button")) control.dataset.lmSuppressShortcuts = "true";
  bpPractice.bind(root);
}}"""
# Those of the page, for this box alone.
_COLOURS = "{--ink:var(--bp-ink);--paper:var(--bp-paper);--muted:var(--bp-muted);--line:var(--bp-line)}"


class Shown:
    """An exercise alive in a notebook: the page's box, script and style.

    `one` is a label, "19.3", or a case of your own from `clinic.case`. ValueError for one
    that is answered on paper or in code.

    Book: chapter 19.
    """

    def __init__(self, one: str | Exercise) -> None:
        self.exercise = exercise(one) if isinstance(one, str) else checks.of_kind(one, Exercise, "one")
        if isinstance(self.exercise, Paper | Code):
            raise ValueError(f"one: expected an exercise with an answer to type or to choose, got {self.exercise.title!r}")
        own = zlib.crc32(page.box(self.exercise, "00.0").encode())
        self.label = "{:02}.{}".format(*map(int, one.split("."))) if isinstance(one, str) else f"00.{own}"

    def _repr_html_(self) -> str:
        box = TO_SOLUTION.sub("", page.box(self.exercise, self.label))
        box = box.replace(' data-exercise="', ' data-alone data-exercise="', 1)  # no page takes it for its own
        script = f"{page.runtime()}{page.data({self.label: self.exercise})}{_BIND.format(label=self.label)}"
        own = ".bp-practice[data-alone]"
        colours = f"{svg.AWAKE}{svg.shades(own)}{own}{_COLOURS}"
        asleep = svg.asleep(f"An exercise, {self.exercise.title}")
        return f'{asleep}<style>{colours}</style><style>{page.style()}</style>{box}<script type="module">{script}</script>'

    def __repr__(self) -> str:
        return f"<exercise {self.label}: {self.exercise.title}>"
