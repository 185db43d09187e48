"""What the explorers share: a widget in a notebook, the same thing alive in a page."""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from types import SimpleNamespace
from typing import Any, Union

import anywidget
import traitlets
from IPython import get_ipython

from bpcourse import checks
from bpcourse.explore import predict
from bpcourse.language import tr, tr_script
from bpcourse.pictures import svg


def _file(name: str) -> str:
    return (resources.files("bpcourse.explore") / name).read_text(encoding="utf-8")


def _lean(script: str) -> str:
    """The script without its comments' lines, its indentation, and the spaces around signs that no sentence of it has."""
    lines = (re.sub(r" (=>|===|!==|&&|\|\||\?\?) ", r"\1", line.strip()) for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def style(name: str) -> str:
    """A style sheet of this room, without the spaces and semicolons that it can do without."""
    return re.sub(r"(?<=[:;,{]) | (?=[{}])|;(?= ?\n?})", "", _lean(_file(name)))


CSS = "\n".join([svg.shades(".bp-explorer"), svg.AWAKE, svg.HALO, style("explore.css")])
# JupyterLab takes arrow keys, Enter and letters for its own commands, but not from a control that says so.
_MODULE = """\
export default { render({ model, el }) {
el.innerHTML = model.get("_html");
for (const control of el.querySelectorAll("input, select, button")) control.dataset.lmSuppressShortcuts = "true";
return start(el.firstElementChild, model).end;
} };"""
_NEXT_LINE = ";\nconst"
RUNTIME = _lean(tr_script(_file("runtime.js")))


def _inline(picture: svg.Picture) -> str:
    """The picture without what it needs only by itself: its style, and where SVG is not HTML."""
    return re.sub(r" xmlns[^ ]+", "", picture.svg.replace(svg.STYLE, ""))


Source = Union[str, Mapping[str, "Source"]]
"""A function, or an object of such."""


def _printed(source: Source) -> str:
    """A function, or an object of functions, as lean JavaScript."""
    if isinstance(source, str):
        return re.sub(r" ?(>=|[=*/+?:,]) ", r"\1", _lean(source).replace(_NEXT_LINE, ","))
    return "{\n" + ",\n".join(f"{name}: {_printed(one)}" for name, one in source.items()) + "}"


class Number(traitlets.Float):
    """A number that Python may set; one too large for a float is refused by its name, as infinity is."""

    def validate(self, obj: Any, value: Any) -> float:
        """The value as traitlets.Float has it."""
        large = isinstance(value, int) and abs(value) > sys.float_info.max
        return float(super().validate(obj, math.inf if large else value))


class Explorer(anywidget.AnyWidget):
    """What the explorers share: numbers to move, and what follows from them.

    `inputs` are the numbers by name; setting the trait moves the sliders, moving
    a slider sets the trait. `values` and `gradients` follow and are read only.
    All three can be observed and linked like the traits of any ipywidget. In a
    built page the same explorer runs without a kernel, from its start.

    Assigning `inputs` raises ValueError where a name is unknown or missing, a
    number is not finite, or a gate is not defined there; TypeError for what is no
    number, and traitlets' own TraitError for what is no dict.

    Book: chapters 01 to 18 and 20.
    """

    inputs = traitlets.Dict(help="the numbers that sliders move, by name").tag(sync=True)
    values = traitlets.Dict(read_only=True, help="what the forward pass gives, by name").tag(sync=True)
    gradients = traitlets.Dict(read_only=True, help="the gradient of the output, by input").tag(sync=True)
    _html = traitlets.Unicode().tag(sync=True)
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    styles: tuple[str, ...] = (CSS,)
    """What all explorers share, then what is the explorer's own: a page that holds several kinds has the first part once."""
    script = ""
    """The name of the explorer's own file of JavaScript."""
    looks: tuple[str, ...] = ()
    """Further classes for its style sheet."""

    def __init__(self, inputs: Mapping[str, float], told: str, **state: Any) -> None:
        self._names = list(inputs)
        for name in self._names:
            if re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", name):
                raise ValueError(f"inputs: expected names that a page can hold, got {name!r}")
        self._told = told
        self._state = ["inputs", *state]
        super().__init__(inputs=dict(inputs), **state)
        self.observe(self._follow, list(state))

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """(values, gradients) at these inputs; `changed` are traits in the place of the explorer's own."""
        raise NotImplementedError

    def state(self, **changed: Any) -> SimpleNamespace:
        """The traits that the controls move, some of them changed."""
        return SimpleNamespace(**{name: getattr(self, name) for name in self._state} | changed)

    def tried(self, name: str, value: Any) -> Any:
        """The value, once all that follows from it is known to have a number: so a refused trait leaves all as it was."""
        if self.values:
            _followed(self, name, value)
        return value

    @traitlets.validate("inputs")
    def _valid_inputs(self, proposal: Any) -> dict[str, float]:
        given = proposal["value"]
        if set(given) != set(self._names):
            raise ValueError(f"inputs: expected the names {', '.join(self._names)}, got {', '.join(map(str, given)) or 'none'}")
        inputs = {name: checks.number(given[name], f"inputs[{name!r}]") for name in self._names}
        _followed(self, "inputs", inputs)
        return inputs

    @traitlets.observe("inputs")
    def _follow(self, _: Any = None) -> None:
        values, gradients = _followed(self, "inputs", self.inputs)
        self.set_trait("values", values)
        self.set_trait("gradients", gradients)

    def assemble(
        self,
        pictures: Sequence[svg.Picture],
        controls: Sequence[str],
        spec: Mapping[str, Any],
        functions: Mapping[str, Source],
        asks: Sequence[predict.Ask] = (),
    ) -> None:
        """Put together the HTML and the module: what to show, and the functions that run it.

        `functions` are JavaScript functions, or tables of them, by the name that the script calls them;
        `asks` the moves that a reader may foretell.
        """
        state = {name: getattr(self, name) for name in self._state}
        told = json.dumps({"state": state, "asks": asks, **spec}, ensure_ascii=False, separators=(",", ":"))
        # Parsed, not written out: an object that is written out has no room for a name like __proto__.
        told = told.replace("<", "\\u003c").replace("\\", "\\\\").replace("'", "\\'")
        printed = "\n".join(f"const {name} = {_printed(source)};" for name, source in functions.items())
        own = _lean(tr_script(_file(self.script)))
        self._code = f"const SPEC = JSON.parse('{told}');\n{printed}\n{RUNTIME}\n{own}"
        shown = "".join(f'<div class="bp-picture">{_inline(picture)}</div>' for picture in pictures)
        # A form, so that no browser fills in what the controls said before: they show the state.
        form = f'<form class="bp-controls" autocomplete="off">{predict.box(asks)}{"".join(controls)}</form>'
        body = f'<div class="bp-pictures">{shown}</div>{form}'
        looks = " ".join(["bp-explorer", *self.looks])
        begun = f'<div class="{looks}" role="group" aria-label="{svg.escaped(tr(self._told))}" hidden="hidden">'
        self._html = f'{begun}{body}<div role="status"></div></div>'
        self._esm = f"{self._code}\n{_MODULE}"
        self._css = "\n".join(self.styles)
        self.open()

    def open(self) -> None:
        """Tell the front end, once there is something to show: it reads the script as the widget opens."""
        if self._esm:
            super().open()

    def html(self) -> str:
        """The explorer for a page, alive without a kernel, as it was made."""
        mark = hashlib.sha256((self._html + self._code).encode()).hexdigest()[:8]
        begun = self._html.replace(" role=", f' data-explorer="{mark}" role=', 1)
        run = (
            f"for (const root of document.querySelectorAll('[data-explorer=\"{mark}\"]')) {{\n"
            "root.removeAttribute('data-explorer');\nstart(root, pageModel({ ...SPEC.state }));\n}"
        )
        told = svg.asleep(tr("An explorer, {told}").format(told=tr(self._told)))
        styles = "".join(f"<style>{style}</style>" for style in self.styles)
        return f'{styles}{told}{begun}<script type="module">\n{self._code}\n{run}\n</script>'

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**kwargs) if _watched() else None
        data, metadata = ({}, {}) if bundle is None else bundle
        return {**data, "text/plain": repr(self), "text/html": self.html()}, metadata

    def __repr__(self) -> str:
        return f"<explorer: {self._told}>"


def not_negative(x: Any, argument: str) -> float:
    """x as a finite float of at least 0; otherwise as `checks.number`."""
    value = checks.number(x, argument)
    if value < 0:
        raise ValueError(f"{argument}: expected a number ≥ 0, got {value!r}")
    return value


def one_of(x: int, argument: str, last: int) -> int:
    """x as a whole number from 0 to `last`; ValueError otherwise."""
    if not 0 <= x <= last:
        raise ValueError(f"{argument}: expected 0 to {last}, got {x!r}")
    return int(x)


def whole_from(x: float, argument: str, first: int, last: int) -> int:
    """x as a whole number from `first` to `last`; ValueError otherwise."""
    if not (x == int(x) and first <= x <= last):
        raise ValueError(f"{argument}: expected a whole number from {first} to {last}, got {x:g}")
    return int(x)


def _watched() -> bool:
    """Whether somebody may move a slider: a kernel that may not ask for input runs for a file, which needs the page alone."""
    request: dict[str, Any] = getattr(getattr(get_ipython(), "kernel", None), "get_parent", dict)()
    return bool(request.get("content", {}).get("allow_stdin", True))


Row = Callable[..., tuple[float, ...]]
UNDEFINED = (ValueError, ZeroDivisionError, OverflowError)
"""What a compiled table raises outside a gate's domain."""


def where_defined(row: Row) -> Callable[[float], tuple[float, ...]]:
    """A table of one input, with NaN where a gate is not defined, as in JavaScript."""

    def tried(x: float) -> tuple[float, ...]:
        try:
            return row(x)
        except UNDEFINED:
            return math.nan, math.nan

    return tried


def _followed(explorer: Explorer, name: str, value: Any) -> tuple[dict[str, float], dict[str, float]]:
    """What follows where a trait has this value; ValueError where a number of it is missing."""
    try:
        found = explorer.follow(**{"inputs": explorer.inputs, name: value})
        if not all(math.isfinite(x) for numbers in found for x in numbers.values()):
            raise ValueError("a value or a gradient is not finite")
        return found
    except UNDEFINED as error:
        raise ValueError(f"{name}: expected a point where every gate is defined, got {value!r}: {error}") from None
