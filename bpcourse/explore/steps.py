"""The stepper: a program walked one operation at a time, forward and back, in five views.

Book: chapters 09, 10, 11, 15 and 17.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import traitlets

from bpcourse import checks
from bpcourse.explore import controls
from bpcourse.explore.base import CSS, Explorer, style
from bpcourse.explore.predict import Ask
from bpcourse.explore.walks import Formula, Step, Walk
from bpcourse.pictures import svg, words

_WIDE, _HIGH, _PITCH, _ROW = 84, 50, 118, 70
_HOW = (
    "Keys: Page Down and Page Up step, Home and End go to the ends; a click on a box of the picture jumps. "
    "Point at an entry of the array that is made, or move there with the arrow keys, to see its products."
)
_LARGEST = 10
"""The most rows or columns of an array that the stepper shows."""


class Steps(Explorer):
    """A program walked step by step: equation, numbers, code, picture and shapes.

        explore.Steps(programs.network(parameters, X, Y))

    `step` is the operation, counted from 0; `row` and `column` point at an entry of the
    array that it makes, whose products are shown. `values` holds the entries of that array by
    place where it is a value, `gradients` where it is a gradient. The walk's arrays are in `walk.arrays`.

    Raises TypeError where walk is no `Walk`, ValueError where an array has more than ten rows
    or columns, or where a trait is set beyond the last step, row or column.

    Book: chapters 09, 10, 11, 15 and 17.
    """

    step = traitlets.Int(0).tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    column = traitlets.Int(0).tag(sync=True)
    styles = (CSS, style("steps.css"))
    script = "steps.js"
    looks = ("bp-stepper",)

    def __init__(self, walk: Walk) -> None:
        self.walk = checks.of_kind(walk, Walk, "walk")
        for name, array in walk.arrays.items():
            if max(array.shape) > _LARGEST:
                most = f"at most {_LARGEST} rows and columns"
                raise ValueError(f"walk: expected arrays of {most}, got {name} of shape {array.shape}")
        super().__init__({}, walk.title, step=0, row=0, column=0)
        labels = {name: walk.written(name) for name in walk.arrays}
        spec = {
            "decimals": 4,
            "arrays": {name: array.tolist() for name, array in walk.arrays.items()},
            "labels": labels,
            "steps": [_told(step) for step in walk.steps],
            "told": [in_words(walk).split(words.BORDER)],
        }
        self.assemble([flow(walk)], self._controls(), spec, {}, self._asks())

    def _asks(self) -> list[Ask]:
        """What the output does where an entry of something given is nudged: its gradient says so."""
        steps = list(enumerate(self.walk.steps))
        given = [(k, step) for k, step in steps if value_name(step.name, self.walk) in self.walk.given]
        return [
            Ask(
                f"Entry (1, 1) of {self.walk.written(step.name[1:])} is nudged up. "
                f"What does {self.walk.end} do, per unit of the nudge?",
                {"step": k, "row": 0, "column": 0},
                "slope",
                f"That is entry (1, 1) of {self.walk.written(step.name)}, made by step {k + 1}: see of what.",
            )
            for k, step in given[:2]
        ]

    @traitlets.validate("step", "row", "column")
    def _valid(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        step = value if name == "step" else self.step
        if not 0 <= step < len(self.walk.steps):
            raise ValueError(f"step: expected 0 to {len(self.walk.steps) - 1}, got {value!r}")
        last = self.walk.steps[step].array.shape
        if name != "step" and not 0 <= value < last[name == "column"]:
            raise ValueError(f"{name}: expected 0 to {last[name == 'column'] - 1}, got {value!r}")
        return int(value)

    @traitlets.observe("step")
    def _first_entry(self, _: Any) -> None:
        rows, columns = self.walk.steps[self.step].array.shape
        self.row, self.column = min(self.row, rows - 1), min(self.column, columns - 1)

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """The entries of the array that the step makes, as values or as gradients."""
        step = self.walk.steps[changed.get("step", self.step)]
        entries = {f"{step.name}[{r},{c}]": float(x) for (r, c), x in np.ndenumerate(step.array)}
        return (entries, {}) if value_name(step.name, self.walk) == step.name else ({}, entries)

    def _controls(self) -> list[str]:
        steps = self.walk.steps
        names = {str(k): f"{k + 1}. {self.walk.written(step.name)}" for k, step in enumerate(steps)}
        parts = ("equation", "Equation"), ("line", "Code"), ("shapes", "Shapes")
        cells = {key: f'<td data-n="{key}"{" data-code" if key == "line" else ""}></td>' for key, _ in parts}
        rows = "".join(f'<tr><th scope="row">{title}</th>{cells[key]}</tr>' for key, title in parts)
        moves = ("first", "First"), ("back", "Back"), ("next", "Next"), ("last", "Last")
        jump = controls.choice("step", "Step", names, "0", " data-whole")
        return [
            controls.row(*(controls.button(action, label) for action, label in moves), jump),
            '<p class="bp-note bp-says"><strong data-n="head"></strong> <span data-n="words"></span></p>',
            f'<div class="bp-wide"><table class="bp-views">{rows}</table></div>',
            '<div class="bp-arrays" data-arrays=""></div>',
            '<p class="bp-note bp-sum" data-sum=""></p>',
            f'<p class="bp-note bp-how">{_HOW}</p>',
        ]


def _told(step: Step) -> dict[str, Any]:
    """A step for the page: what it is called, and its formulas with their letters."""
    return {
        "name": step.name, "equation": step.equation, "line": step.line, "place": step.place, "words": step.words,
        "formulas": [_formula(one) for one in step.formulas],
    }  # fmt: skip


def _formula(formula: Formula) -> dict[str, Any]:
    return {
        "place": formula.place,
        "shown": formula.shown,
        "terms": [[term.factor, [[operand.name, operand.axes] for operand in term.operands]] for term in formula.terms],
    }


def value_name(name: str, walk: Walk) -> str:
    """The box in which an array stands: a gradient in that of its value."""
    return name[1:] if name[1:] in walk.arrays and name.startswith("d") else name


def readers(walk: Walk) -> dict[str, list[str]]:
    """What each forward step reads, asides taken back to what they come from."""
    found = {}
    for step in walk.steps:
        if value_name(step.name, walk) == step.name:
            names = [part for name in step.reads for part in walk.asides.get(name, (name,))]
            found[step.name] = list(dict.fromkeys(names))
    return found


def columns(walk: Walk) -> dict[str, int]:
    """The column of each box: a step stands behind all that it reads, what is given just before its first reader."""
    reads, at = readers(walk), dict.fromkeys(walk.given, 0)
    for name, of in reads.items():
        at[name] = 1 + max(at[one] for one in of)
    for name in walk.given:
        at[name] = min((at[reader] - 1 for reader, of in reads.items() if name in of), default=0)
    return at


def flow(walk: Walk) -> svg.Picture:
    """The program as boxes from left to right: above in each its value, below its gradient."""
    at, reads = columns(walk), readers(walk)
    stacks: dict[int, list[str]] = {}
    for name in sorted(at, key=lambda name: name in walk.given):  # what steps make first, on one line
        stacks.setdefault(at[name], []).append(name)
    places = {
        name: (_WIDE / 2 + 8 + column * _PITCH, _HIGH / 2 + 8 + row * _ROW)
        for column, stack in stacks.items()
        for row, name in enumerate(stack)
    }
    wires = [_wire(source, name, places) for name, of in reads.items() for source in of]
    boxes = [_box(name, walk, *place) for name, place in places.items()]
    width = 2 * 8 + _WIDE + _PITCH * max(stacks)
    height = 2 * 8 + _HIGH + _ROW * (max(map(len, stacks.values())) - 1)
    first = walk.steps[0]
    now = f"{walk.written(first.name)} from {and_of(map(walk.written, first.reads))}"
    told = words.filled(in_words(walk), {"now": now})
    return svg.drawing(width, height + 26, told, [*wires, *boxes, svg.legend(height + 18, "above: value", "below: gradient")])


def in_words(walk: Walk) -> str:
    """The picture for those who do not see it, with a place for what the step makes of what."""
    boxes = [f"{walk.written(name)} from {and_of(map(walk.written, of))}" for name, of in readers(walk).items()]
    there = f"{walk.title}, from left to right: {'; '.join(boxes)}"
    return f"{there}. Gradients come back from right to left. This step: {words.slot('now')}"


def and_of(names: Iterable[str]) -> str:
    """Names in a row: `X, W¹ and b¹`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _wire(source: str, target: str, places: Mapping[str, tuple[float, float]]) -> str:
    """To the next column straight; farther on below the boxes between, along the source's row or in the gap under it."""
    (x, y), (u, v) = places[source], places[target]
    near, x, left = u - x == _PITCH, x + _WIDE / 2, u - _WIDE / 2
    if near or y < v:
        bend = (left - x) / 2
        way = f"C{x + bend:g} {y:g} {left - bend:g} {v:g} {left:g} {v:g}"
    elif y > v:
        way = f"C{u:g} {y:g} {u:g} {y:g} {u:g} {v + _HIGH / 2:g}"
    else:
        low = y + _HIGH + (_ROW - _HIGH) / 4  # a curve comes down three quarters of this way
        way = f"C{x + 20:g} {low:g} {left - 20:g} {low:g} {left:g} {v:g}"
    return svg.path(f"M{x:g} {y:g}{way}", more=f' data-wire="{source} {target}"')


def _box(name: str, walk: Walk, x: float, y: float) -> str:
    """A box with the array's name and shape, and the name of its gradient, if the walk comes to it."""
    shape = "×".join(map(str, walk.arrays[name].shape))
    back = f"d{name}" if f"d{name}" in walk.arrays else ""
    lower = svg.text(x, y + 18, walk.written(back), "gradient", 13, more=f' data-box="{back}"') if back else ""
    return (
        f'<g data-box="{name}">{svg.box(x, y, _WIDE / 2, _HIGH / 2, 6, "line")}'
        f"{svg.text(x, y - 10, walk.written(name), 'value', 14)}{svg.text(x, y + 3, shape, 'muted', 12)}{lower}</g>"
    )
