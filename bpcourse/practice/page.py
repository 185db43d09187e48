"""Exercises as a page holds them: a box to answer in, and the derivations as JavaScript.

`box` is an exercise's HTML, `data` what `practice.js` needs to judge the answers of a
chapter: each formula of a rule or a mistake is printed by `codegen` once for each shape
of its parts, as a function of plain numbers; the derivations are lists that name them.

Book: chapters 01 to 20.
"""

from __future__ import annotations

import html
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np

from bpcourse.codegen import table_to_javascript
from bpcourse.gates import Gate
from bpcourse.graph import Value
from bpcourse.language import tr, tr_tex
from bpcourse.pictures import svg
from bpcourse.practice import clinic, damage
from bpcourse.practice.derivations import Derivation, Step
from bpcourse.practice.diagnosis import LONGEST, NAMED_FROM, PAIRS_FROM, ROUNDINGS, SAID, TEXTS, TOLD_UPTO, brief, listed
from bpcourse.practice.exercises import Choice, Clinic, Code, Exercise, Ladder, Numbers, Paper
from bpcourse.practice.mistakes import possible
from bpcourse.practice.rules import RULES, UNFIT, Mistake, parts_of

OTHER_RULES = ("product rule", "quotient rule", "sum over the paths", "upstream times local")
"""Rules that a menu offers in any case."""


def runtime() -> str:
    """The script of all pages: the sentences, then practice.js."""
    limits = {"longest": LONGEST, "named": NAMED_FROM, "pairs": PAIRS_FROM, "upto": TOLD_UPTO}
    told = {key: tr(text) for key, text in {**SAID, **TEXTS}.items()}
    said = {"said": told, "roundings": [*map(tr, ROUNDINGS)], **limits}
    return f"const BP = {_json(said)};\n{_script('practice.js')}"


def mixed() -> str:
    """The script of the practice page."""
    return _script("mixed.js")


def _script(name: str) -> str:
    """A script without its comments and indentation."""
    lines = [line.strip() for line in _file(name).splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


def _file(name: str) -> str:
    return (resources.files("bpcourse.practice") / name).read_text(encoding="utf-8")


def style() -> str:
    """The style sheet of the boxes, and the colours of their pictures."""
    return f"{svg.shades('.bp-damage')}\n{_file('practice.css')}"


# --------------------------------------------------------------------------- numbers and symbols


def shown(value: Any) -> str:
    """A number or an array as HTML, as practice.js writes it; of one entry, a number."""
    if np.size(value) == 1:
        return brief(np.ravel(value)[0])
    rows = [[brief(float(x)) for x in row] for row in np.reshape(value, (-1, np.shape(value)[-1]))]
    label = tr(TEXTS["shape"]).format(shape=" × ".join(map(str, np.shape(value))), numbers=listed(value))
    entries = "".join(f"<span>{''.join(f'<span>{number}</span>' for number in row)}</span>" for row in rows)
    return f'<span class="bp-matrix" role="img" aria-label="{label}">{entries}</span>'


def formula(tex: str) -> str:
    """A formula as LaTeX, for the page or the notebook to print."""
    return f'<span class="math notranslate nohighlight">\\({html.escape(tex, quote=False)}\\)</span>'


_WORDS = [
    (r"\\hat\s*\{?(\w)\}?", r"\1 hat"), (r"\\partial\s*", "d "), (r"/", " by "), (r"'", " prime "), (r"\\text\{([^}]*)\}", r"\1"),
    (r"\\(?:operatorname|mathrm)\{(\w+)\}", r"\1"), (r"\\cdot", " times "), (r"\\([a-zA-Z]+)", r"\1 "), (r"[\\{}_^(),|]", " "),
]  # fmt: skip


def words(tex: str) -> str:
    """A symbol in words, for who listens: ∂L/∂w²₁₂ is "d L by d w 2 12"."""
    for pattern, word in _WORDS:
        tex = re.sub(pattern, tr(word), tex)
    return " ".join(tex.split())


def inline(text: str) -> str:
    """Markdown within a line as HTML: formulas, code, emphasis."""
    pieces = re.split(r"(\$[^$]+\$|`[^`]+`|\*\*[^*]+\*\*|\*(?! )[^*]+(?<! )\*)", text)  # a * b * c is a product
    marks = {"`": "<code>{}</code>", "**": "<strong>{}</strong>", "*": "<em>{}</em>"}

    def told(piece: str) -> str:
        if piece.startswith("$"):
            return formula(piece[1:-1])
        mark = next((m for m in ("**", "`", "*") if piece.startswith(m)), "")
        plain = html.escape(piece[len(mark) : -len(mark)] if mark else piece, quote=False)
        return marks[mark].format(plain) if mark else plain

    return "".join(told(piece) if k % 2 else html.escape(piece, quote=False) for k, piece in enumerate(pieces))


# --------------------------------------------------------------------------- the box


def box(exercise: Exercise, label: str, notebook: str = "") -> str:
    """The given numbers, what is to be filled in, the buttons and the hints, as HTML.

    `notebook` is the address of the page where code is written.
    """
    place = f"p{label.replace('.', '-')}"
    given, kind, rows, check = "", type(exercise).__name__.lower(), "", f'<button type="submit">{tr("Check")}</button>'
    below = ""
    if isinstance(exercise, Numbers | Ladder):
        given = _given(exercise, label)
        rows = _rung(exercise) + "".join(_row(exercise, label, f"{place}-{k}", name) for k, name in enumerate(asked(exercise), 1))
        if any(x.low is not None for x in exercise.derivation.givens):
            check += _button("fresh", "Other numbers") + _button("book", TEXTS["own"], " hidden")
    elif isinstance(exercise, Choice):
        options = "".join(  # the letter names an option that is a formula alone
            f'<label class="bp-option"><input type="radio" name="{place}" value="{k}">'
            f"<span>{letter}) {inline(option.text)}</span></label>"
            for k, (letter, option) in enumerate(zip("abcdefgh", exercise.options), start=1)
        )
        rows = f'<fieldset data-name="choice"><legend>{tr("One of these is right")}</legend>{options}{_verdict(place)}</fieldset>'
    elif isinstance(exercise, Clinic):
        given, rows, below = _drawn(exercise), _lines(exercise, place), _damage(exercise, place)
    elif isinstance(exercise, Paper):
        rows = f"<p>{tr('Write it down first, then compare it with the solution.')}</p>"
        check = _button("had", "I had it") + _button("missed", "Not yet")
    elif isinstance(exercise, Code):
        there = f'<a href="{html.escape(notebook)}">{tr("in the notebook")}</a>'
        rows = f"<p>{tr('This one waits for you {there}.').format(there=there)}</p>"
        check = ""
    hints = "".join(f"<li hidden>{inline(hint)}</li>" for hint in exercise.hints)
    tools = check + (_button("hint", TEXTS["hint"], k=1, n=len(exercise.hints)) if exercise.hints else "")
    tools += f'<a href="#sol-{label.replace(".", "-")}">{tr("Solution")}</a><span class="bp-progress"></span>'
    return (
        f'<div class="bp-practice" data-exercise="{label}" data-kind="{kind}">{given}<form novalidate>{rows}'
        f'<div class="bp-tools">{tools}</div><ol class="bp-hints" aria-live="polite">{hints}</ol>'
        f'<p class="bp-said" role="status"></p>{below}</form></div>'
    )


def _button(do: str, words: str, more: str = "", **values: int) -> str:
    return f'<button type="button" data-do="{do}"{more}>{tr(words).format(**values)}</button>'


def desk(chapters: Mapping[str, str]) -> str:
    """The practice page's controls: chapters to tick, a set to make, what is kept."""
    ticks = "".join(
        f'<label class="bp-option"><input type="checkbox" name="chapter" value="{number}">'
        f"<span>{int(number)}. {html.escape(title)}</span></label>"
        for number, title in chapters.items()
    )
    tools = "".join(f'<button type="button" data-do="{do}">{do.capitalize()}</button>' for do in ("export", "import", "clear"))
    return (
        '<div class="bp-practice bp-mixed"><form autocomplete="off">'
        f'<fieldset class="bp-chapters"><legend>Chapters</legend>{ticks}'
        '</fieldset><div class="bp-tools"><button data-do="set" class="bp-main">Make a set</button></div></form>'
        '<p class="bp-said" role="status"></p><ol class="bp-set"></ol>'
        '<p class="bp-unscripted">Sets are made by a script, and none runs here. Each chapter holds its exercises.</p>'
        f'<p>What you have answered is kept in this browser only.</p><div class="bp-tools">{tools}'
        '<input type="file" accept="application/json" hidden aria-label="a file of progress"></div></div>'
    )


def asked(exercise: Numbers | Ladder) -> Sequence[str]:
    """The names of what is asked for, of a ladder all its lines."""
    return exercise.steps if isinstance(exercise, Ladder) else exercise.asks


def _given(exercise: Numbers | Ladder, label: str) -> str:
    derivation = exercise.derivation
    named = {given.name: given for given in derivation.givens if not callable(given.value)}
    wanted = [name for name in named if not re.fullmatch("c[0-9]+", name)] if exercise.shows is None else exercise.shows
    rows = [
        f"<li>{formula(tr_tex(named[name].tex))} = {number(label, name, named[name].value)}</li>"
        for name in wanted
        if name in named
    ]
    return f'<ul class="bp-givens">{"".join(rows)}</ul>' if rows else ""


# --------------------------------------------------------------------------- the clinic


def _line(text: str, code: bool) -> str:
    return f"<code>{html.escape(text, quote=False)}</code>" if code else formula(text)


def right_lines(derivation: Derivation, nudged: str, code: bool = False) -> str:
    """The book's numbers, then the right lines of a gradient, with rules, as HTML."""
    given = " ".join(f'<span class="bp-line">{x}</span>' for x in _read(derivation, nudged, {}, derivation.drawn(), code))
    told = [
        f'<li><span class="bp-line">{k}. {_line(line.text, code)} = {shown(line.value)} '
        f"<em>({html.escape(tr(line.step.rule))})</em></span></li>"
        for k, line in enumerate(clinic.right_lines(derivation, nudged, code), start=1)
    ]
    return f'<ul class="bp-right"><li class="bp-given">{given}</li>{"".join(told)}</ul>'


def _drawn(case: Clinic) -> str:
    """The given numbers that the lines read."""
    numbers = case.derivation.drawn(case.seed)
    rows = _read(case.derivation, case.nudged, {case.at: case.mistake.formula}, numbers, case.code)
    return f'<ul class="bp-givens">{"".join(f"<li>{row}</li>" for row in rows)}</ul>'


def _read(
    derivation: Derivation, nudged: str, wrong: Mapping[str, Callable[..., Any]], numbers: Mapping[str, Any], code: bool
) -> list[str]:
    """The given numbers that the lines to a gradient read, each with its name."""
    _, read = clinic.needed(derivation, nudged, wrong)
    symbols = derivation.symbols()
    return [f"{_line(n if code else symbols[n], code)} = {shown(x)}" for n, x in numbers.items() if n in read]


def _lines(case: Clinic, place: str) -> str:
    """The lines of a case to mark one of, and the menu of reasons."""
    options = "".join(
        f'<label class="bp-option"><input type="radio" name="{place}" value="{k}">'
        f'<span class="bp-line">{k}. {_line(line.text, case.code)} = {shown(line.value)}</span></label>'
        for k, line in enumerate(clinic.lines(case), start=1)
    )
    names = "".join(
        f'<option value="{k}">{html.escape(reason.mistake.name)}</option>' for k, reason in enumerate(clinic.menu(case), start=1)
    )
    return (
        f'<fieldset data-name="line"><legend>The first bad line</legend>{options}{_verdict(f"{place}-l")}</fieldset>'
        f'<div class="bp-ask" data-name="reason"><label for="{place}-r">What was done there?</label>'
        f'<select id="{place}-r" data-answer aria-describedby="{place}-v" autocomplete="off">'
        f'<option value="">choose a reason</option>{names}</select>{_verdict(f"{place}-v")}</div>'
    )


def _damage(case: Clinic, place: str) -> str:
    """What the mistake does to the tangent, shown when it is found: a picture, a slider, what the diagnosis says."""
    told = damage.damage(case)
    picture = re.sub(r' xmlns[^ ]+| style="[^"]*"', "", damage.picture(case, told).svg.replace(svg.STYLE, ""))
    what = _line(case.nudged if case.code else case.derivation.symbols()[case.nudged], case.code)
    if np.size(case.derivation.drawn()[case.nudged]) > 1:
        what = f"entry ({', '.join(str(k + 1) for k in told.place)}) of {what}"
    slopes = {"nudged": brief(told.nudged), "right": brief(told.right), "wrong": brief(told.wrong)}
    keys = (("value", f"{case.loss}, solid"), ("path1", "tangent, dashed"), ("gradient", "with the wrong gradient, dotted"))
    key = " ".join(f'<span class="bp-{colour}">{words}</span>' for colour, words in keys)
    return (
        f'<div class="bp-damage" hidden><p>{TEXTS["slopes"].format(what=what, **slopes)}</p>'
        f'<p class="bp-key">{key}</p>{picture}'
        f'<label for="{place}-n">Nudge</label><input type="range" id="{place}-n" data-do="nudge" autocomplete="off" '
        f'min="{-damage.STEPS}" max="{damage.STEPS}" value="0"><p class="bp-nudged"></p>'
        f"<p>{TEXTS['diagnosis']} <q>{html.escape(told.verdict.text, quote=False)}</q></p></div>"
    )


def number(label: str, name: str, value: Any) -> str:
    """A value that the script fills again when the numbers change."""
    return f'<span data-of="{label}" data-value="{html.escape(name)}">{shown(value)}</span>'


def _rung(exercise: Numbers | Ladder) -> str:
    """The choice of a ladder's rung."""
    if not isinstance(exercise, Ladder):
        return ""
    n = len(exercise.steps)
    blanks = (tr("1 blank" if k == 1 else "{k} blanks").format(k=k) for k in range(1, n))
    titles = [tr("worked"), *blanks, tr("alone")]
    options = "".join(f'<option value="{k}">{title}</option>' for k, title in enumerate(titles))
    return f'<p class="bp-rung"><label>{tr("Rung")} <select data-do="rung" autocomplete="off">{options}</select></label></p>'


def _row(exercise: Numbers | Ladder, label: str, place: str, name: str) -> str:
    """One asked value: its symbol, a box, the menu of rules where it is asked for, and what is said of it."""
    derivation = exercise.derivation
    tex, spoken = derivation.symbols()[name], words(derivation.symbols()[name])
    asks_rule = isinstance(exercise, Ladder) or exercise.rules
    size = np.size(derivation.run(derivation.drawn(), upto=name)[name])
    several = f' placeholder="{tr(SAID["several"]).format(size=size)}"' if size > 1 else ""
    answer = (
        f'<label for="{place}">{formula(tex)} =</label>'
        f'<input id="{place}" aria-label="{spoken}" aria-describedby="{place}-v"{several} '
        'autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go">'
    )
    if asks_rule:
        rules = "".join(f"<option>{tr(rule)}</option>" for rule in menu(exercise))
        options = f'<option value="">{tr("by which rule?")}</option>{rules}'
        answer += (
            f'<select aria-label="{tr("the rule for {symbol}").format(symbol=spoken)}" autocomplete="off">{options}</select>'
        )
    worked = ""
    if isinstance(exercise, Ladder):
        value = number(label, name, derivation.run(derivation.drawn(), upto=name)[name])
        rule = html.escape(tr(derivation.step(name).rule))
        worked = f'<span class="bp-worked">{formula(derivation.tex(name))} = {value} <em>({rule})</em></span>'
        answer = f'<span class="bp-blank" hidden>{answer}</span>'
    return f'<div class="bp-ask" data-name="{html.escape(name)}">{worked}{answer}{_verdict(f"{place}-v")}</div>'


def _verdict(place: str) -> str:
    return f'<p class="bp-verdict" id="{place}" role="status"></p>'


def menu(exercise: Numbers | Ladder) -> list[str]:
    """The rules to choose from: those on the way to what is asked, and some others."""
    return sorted({*(step.rule for step in on_the_way(exercise)), *OTHER_RULES})


def rules_of(exercise: Exercise, label: str) -> list[str]:
    """What an exercise trains: the rules of what it asks; of a choice, itself."""
    if isinstance(exercise, Numbers | Ladder):
        return sorted({exercise.derivation.step(name).rule for name in asked(exercise)})
    if isinstance(exercise, Clinic):
        return [exercise.derivation.step(exercise.at).rule]
    return [label]


def on_the_way(exercise: Numbers | Ladder, with_mistakes: bool = True) -> list[Step]:
    """The steps that lead to what is asked, or to mistakes on the way, in order."""
    names = {step.name for name in asked(exercise) for step in exercise.derivation.before(name, with_mistakes)}
    return [step for step in exercise.derivation.steps if step.name in names]


# --------------------------------------------------------------------------- the data


def data(exercises: Mapping[str, Exercise], typeset: Callable[[str], str] = str) -> str:
    """The script of a chapter: its exercises by label, their formulas as functions.

    `typeset` prints the formulas in what is said of an option.
    """
    chapter = _Chapter(typeset)
    told = {label: chapter.told(exercise) for label, exercise in exercises.items()}
    lists = {"exercises": told, "derivations": chapter.derivations(), "forms": chapter.forms, "mistakes": chapter.texts()}
    return f"bpPractice.add({_json(lists)},\n[{','.join(chapter.functions)}]);\n"


def _json(x: Any) -> str:
    return json.dumps(x, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


class _Chapter:
    """The derivations, formulas and mistakes that the exercises of a chapter share, each once."""

    def __init__(self, typeset: Callable[[str], str]) -> None:
        self.typeset = typeset
        self.functions: dict[str, int] = {}
        self.forms: list[dict[str, Any]] = []
        self.mistakes: list[Mistake] = []
        self._forms: dict[Any, int] = {}
        self._derivations: dict[int, tuple[Derivation, set[str]]] = {}

    def told(self, exercise: Exercise) -> dict[str, Any]:
        """What the page must know of an exercise."""
        kind: dict[str, Any] = {"kind": type(exercise).__name__.lower()}
        if isinstance(exercise, Choice):
            return {**kind, "options": [[int(option.right), self.typeset(inline(option.why))] for option in exercise.options]}
        if isinstance(exercise, Numbers | Ladder):
            key = id(exercise.derivation)
            _, names = self._derivations.setdefault(key, (exercise.derivation, set()))
            names |= {step.name for step in on_the_way(exercise)}
            return {**kind, "derivation": [*self._derivations].index(key), "asks": [*asked(exercise)]}
        if isinstance(exercise, Clinic):
            lines = [[line.verdict, line.step.rule, line.source] for line in clinic.lines(exercise)]
            reasons = [[r.verdict, self._mistake(r.mistake), r.line, clinic.some(r.value)] for r in clinic.menu(exercise)]
            found = {"lines": lines, "reasons": reasons, "damage": damage.spec(damage.damage(exercise))}
            return {**kind, **found, "loss": exercise.loss}
        return kind

    def derivations(self) -> list[Any]:
        """Each derivation as lists: its given numbers, and the steps that are needed."""
        return [self._derivation(derivation, names) for derivation, names in self._derivations.values()]

    def _derivation(self, derivation: Derivation, names: set[str]) -> dict[str, Any]:
        steps = [step for step in derivation.steps if step.name in names]
        functions = {given.name: given.value for given in derivation.givens if callable(given.value)}
        shapes = {given.name: {np.shape(given.value)} for given in derivation.givens if not callable(given.value)}
        told = []
        for step in steps:
            shapes[step.name] = set()
            wrong = []
            form = self._form(RULES[step.rule].formula, step, functions, shapes)
            for mistake in possible(step):
                k = self._form(mistake.formula, step, functions, shapes)
                if self.forms[k]["at"]:
                    wrong.append([self._mistake(mistake), k])
            told.append(
                [step.name, tr(step.rule), form, {part: name for part, name in step.parts.items() if name in shapes}, wrong]
            )
        givens = [
            [given.name, _key(np.shape(given.value)), np.ravel(given.value).tolist()]
            + ([] if given.low is None else [given.low, given.high, given.decimals])
            for given in derivation.givens
            if not callable(given.value)
        ]
        return {"givens": givens, "steps": told}

    def _mistake(self, mistake: Mistake) -> int:
        if not any(mistake is known for known in self.mistakes):
            self.mistakes.append(mistake)
        return next(k for k, known in enumerate(self.mistakes) if known is mistake)

    def texts(self) -> list[Any]:
        """Name, why, how to see it and chapter of each mistake."""
        return [[tr(m.name), tr(m.why), tr(m.see), int(m.chapter)] for m in self.mistakes]

    def _form(
        self, formula: Callable[..., Any], step: Step, functions: Mapping[str, Any], shapes: dict[str, set[tuple[int, ...]]]
    ) -> int:
        """The formula, printed for every shape that its parts may have; what comes out is noted as a shape of the step."""
        fixed = {**step.constants, **{part: functions[name] for part, name in step.parts.items() if name in functions}}
        fixed = {part: x for part, x in fixed.items() if part in parts_of(formula)}
        parts = [part for part in parts_of(formula) if part not in fixed]
        key = (formula, *sorted((part, repr(x)) for part, x in fixed.items()))
        k = self._forms.setdefault(key, len(self.forms))
        if k == len(self.forms):
            self.forms.append({"parts": parts, "at": {}})
        at = self.forms[k]["at"]
        for given in itertools.product(*(sorted(shapes[step.parts[part]]) for part in parts)):
            place = "|".join(map(_key, given))
            if place not in at:
                found = printed(formula, fixed, dict(zip(parts, given)))
                if found is None:
                    continue
                at[place] = [self.functions.setdefault(found[0], len(self.functions)), _key(found[1])]
            shapes[step.name].add(tuple(map(int, at[place][1].split(","))) if at[place][1] else ())
        return k


def _key(shape: tuple[int, ...]) -> str:
    return ",".join(map(str, shape))


def printed(
    formula: Callable[..., Any], fixed: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> tuple[str, tuple[int, ...]] | None:
    """A formula as a JavaScript function, for parts of these shapes, and its shape.

    None where the shapes do not fit. Which numbers stand in the graph does not matter: those
    from 0.3 to 0.7 are in the domain of every gate.
    """
    samples = _numbers()
    numbers: dict[str, Any] = {}
    for name, shape in shapes.items():
        entries = [next(samples) for _ in range(math.prod(shape))]
        numbers[name] = np.reshape(entries, shape) if shape else entries[0]
    nodes = {name: np.array([_Node(entry) for entry in np.ravel(x)], dtype=object) for name, x in numbers.items()}
    try:
        shape = np.shape(formula(**fixed, **numbers))
    except UNFIT:
        return None
    result = formula(**fixed, **{name: nodes[name].reshape(shapes[name])[()] for name in shapes})
    flat = [x if isinstance(x, Value) else Value(float(x)) for x in np.ravel(np.array(result, dtype=object))]
    return _lean(table_to_javascript(flat, [node for each in nodes.values() for node in each])), shape


class _Node(Value):
    """A Value that can be added to an array of Values and multiplied with one, as a number can."""

    __slots__ = ()

    @staticmethod
    def apply_gate(gate: Gate, *inputs: Any) -> Any:
        """The gate, entry by entry where an input is an array."""
        if any(isinstance(x, np.ndarray) for x in inputs):
            each = np.frompyfunc(lambda *entries: _Node.apply_gate(gate, *entries), gate.arity, 1)
            return each(*(np.array(x, dtype=object) for x in inputs))
        out = Value.apply_gate(gate, *inputs)
        out.__class__ = _Node
        return out


def _numbers() -> Iterator[float]:
    """Numbers from 0.3 to 0.7, no two alike."""
    return (0.3 + 0.4 * (k * 0.6180339887 % 1) for k in itertools.count(1))


def _lean(source: str) -> str:
    """A printed function as an arrow, without needless spaces."""
    head, *lines, result = source.strip().removesuffix("\n}").splitlines()
    lines = [line.strip().removeprefix("const ").removesuffix(";") for line in lines]
    body = ("const " + ",".join(lines) + ";" if lines else "") + result.strip().removesuffix(";")
    arguments = head.removeprefix("function f").removesuffix(" {")
    return re.sub(r" ?(>=|[=*/+?:,]) ", r"\1", f"{arguments}=>{{{body}}}")
