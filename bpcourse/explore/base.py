"""What the explorers share: a widget in a notebook, the same thing alive in a page."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

import anywidget
import traitlets

from bpcourse import checks
from bpcourse.pictures import svg


def _file(name: str) -> str:
    return (resources.files("bpcourse.explore") / name).read_text(encoding="utf-8")


def _lean(script: str) -> str:
    """The script without its comments' lines and its indentation."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


_DARK = 'html[data-theme="dark"] .bp-explorer,body[data-jp-theme-light="false"] .bp-explorer'
CSS = "\n".join(
    [
        f".bp-explorer{{{svg.variables(0)}color-scheme:light}}",
        f"{_DARK}{{{svg.variables(1)}color-scheme:dark}}",
        svg.HALO,
        re.sub(r"(?<=[:;,{]) | (?=[{}])", "", _lean(_file("explore.css"))),
    ]
)
# JupyterLab takes arrow keys, Enter and letters for its own commands, but not from a control that says so.
_MODULE = """\
export default { render({ model, el }) {
el.innerHTML = model.get("_html");
for (const control of el.querySelectorAll("input, select, button")) control.dataset.lmSuppressShortcuts = "true";
return start(el.firstElementChild, model).end;
} };"""
_NEXT_LINE = ";\nconst"
RUNTIME = _lean(_file("runtime.js"))


def _printed(source: str | Mapping[str, str]) -> str:
    """A function, or an object of functions, as lean JavaScript."""
    if isinstance(source, str):
        return _lean(source).replace(_NEXT_LINE, ",")
    return "{\n" + ",\n".join(f"{name}: {_printed(one)}" for name, one in source.items()) + "}"


class Explorer(anywidget.AnyWidget):
    """What the explorers share: numbers to move, and what follows from them.

    `inputs` are the numbers by name; setting the trait moves the sliders, moving
    a slider sets the trait. `values` and `gradients` follow and are read only.
    All three can be observed and linked like the traits of any ipywidget. In a
    built page the same explorer runs without a kernel, from its start.

    Assigning `inputs` raises ValueError where a name is unknown or missing, a
    number is not finite, or a gate is not defined there; TypeError for what is no
    number, and traitlets' own TraitError for what is no dict.

    Book: chapters 01 to 17.
    """

    inputs = traitlets.Dict(help="the numbers that sliders move, by name").tag(sync=True)
    values = traitlets.Dict(read_only=True, help="what the forward pass gives, by name").tag(sync=True)
    gradients = traitlets.Dict(read_only=True, help="the gradient of the output, by input").tag(sync=True)
    _html = traitlets.Unicode().tag(sync=True)
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode(CSS).tag(sync=True)

    script = ""
    """The name of the explorer's own file of JavaScript."""

    def __init__(self, inputs: Mapping[str, float], told: str, **state: Any) -> None:
        self._names = list(inputs)
        self._told = told
        self._state = ["inputs", *state]
        super().__init__(inputs=dict(inputs), **state)
        self.observe(self._follow, list(state))

    def follow(self, inputs: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
        """(values, gradients) at these inputs."""
        raise NotImplementedError

    @traitlets.validate("inputs")
    def _valid_inputs(self, proposal: Any) -> dict[str, float]:
        given = proposal["value"]
        if set(given) != set(self._names):
            raise ValueError(f"inputs: expected the names {', '.join(self._names)}, got {', '.join(map(str, given)) or 'none'}")
        inputs = {name: checks.number(given[name], f"inputs[{name!r}]") for name in self._names}
        _followed(self, inputs)
        return inputs

    @traitlets.observe("inputs")
    def _follow(self, _: Any = None) -> None:
        values, gradients = _followed(self, self.inputs)
        self.set_trait("values", values)
        self.set_trait("gradients", gradients)

    def assemble(
        self, picture: str, controls: Sequence[str], spec: Mapping[str, Any], functions: Mapping[str, str | Mapping[str, str]]
    ) -> None:
        """Put together the HTML and the module: what to show, and the functions that run it.

        `functions` are JavaScript functions, or tables of them, by the name that the script calls them.
        """
        state = {name: getattr(self, name) for name in self._state}
        told = json.dumps({"state": state, **spec}, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        printed = "\n".join(f"const {name} = {_printed(source)};" for name, source in functions.items())
        own = _lean(_file(self.script))
        self._code = f"const SPEC = {told};\n{printed}\n{RUNTIME}\n{own}"
        picture = picture.replace(svg.STYLE, "")
        body = f'{picture}<div class="bp-controls">{"".join(controls)}</div><div role="status"></div>'
        self._html = f'<div class="bp-explorer" role="group" aria-label="{svg.escaped(self._told)}">{body}</div>'
        self._esm = f"{self._code}\n{_MODULE}"
        self.open()

    def open(self) -> None:
        """Tell the front end, once there is something to show: it reads the script as the widget opens."""
        if self._esm:
            super().open()

    def html(self) -> str:
        """The explorer for a page, alive without a kernel, as it was made."""
        mark = hashlib.sha256((self._html + self._code).encode()).hexdigest()[:8]
        begun = self._html.replace('class="bp-explorer"', f'class="bp-explorer" data-explorer="{mark}"', 1)
        run = (
            f"for (const root of document.querySelectorAll('[data-explorer=\"{mark}\"]')) {{\n"
            "root.removeAttribute('data-explorer');\nstart(root, pageModel({ ...SPEC.state }));\n}"
        )
        return f'<style>{CSS}</style>{begun}<script type="module">\n{self._code}\n{run}\n</script>'

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = ({}, {}) if bundle is None else bundle
        return {**data, "text/plain": repr(self), "text/html": self.html()}, metadata

    def __repr__(self) -> str:
        return f"<explorer: {self._told}>"


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


def _followed(explorer: Explorer, inputs: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    try:
        found = explorer.follow(inputs)
        if not all(math.isfinite(x) for numbers in found for x in numbers.values()):
            raise ValueError("a value or a gradient is not finite")
        return found
    except UNDEFINED as error:
        raise ValueError(f"inputs: expected a point where every gate is defined, got {dict(inputs)!r}: {error}") from None
