"""Predict first: before an explorer moves, the reader says what a number will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bpcourse.explore import controls
from bpcourse.language import tr
from bpcourse.pictures.svg import escaped


class Ask(NamedTuple):
    """A move that is asked about: the question, the traits that it sets, the number that tells, and why it does so.

    Of `inputs` the traits hold those that move. `key` is the number's name in what the
    explorer's script shows.
    """

    text: str
    traits: Mapping[str, Any]
    key: str
    because: str


def brief(x: float) -> str:
    """Four significant digits, for sentences."""
    return f"{x if abs(x) >= 5e-13 else 0:.4g}".replace("-", "−")


def box(asks: Sequence[Ask]) -> str:
    """The question with its buttons; hidden till the script asks it, and without a script for good."""
    if not asks:
        return ""
    says = {"1": "It rises", "-1": "It falls", "0": "It stays", "skip": "Skip"}
    buttons = [_says(word, label) for word, label in says.items()]
    guess = f'<label>{tr("by about")} <input class="bp-num" data-guess="" autocomplete="off"></label>'
    return (
        f'<div class="bp-predict" hidden="hidden"><p class="bp-note"><strong>{tr("Predict first.")}</strong> '
        f'<span data-ask="">{escaped(asks[0].text)}</span></p>{controls.row(guess, *buttons)}</div>'
        '<div class="bp-predicted" hidden="hidden"><p class="bp-note" data-outcome=""></p>'
        f"{_says('ask', 'Predict first')}</div>"
    )


def _says(word: str, label: str) -> str:
    return f'<button type="button" data-say="{word}">{tr(label)}</button>'
