"""What a student can do after each chapter, and which exercises test it.

An outcome is named by its chapter and a letter: "7a". An exercise that looks back tests
an outcome of an earlier chapter. What students bring along has chapter 0.

    >>> OUTCOMES["7a"].exercises
    ('07.3', '07.4', '07.6', '07.7', '07.9')

Book: every chapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bpcourse import checks


class Outcome(NamedTuple):
    """What a student can do, in Markdown, and the exercises that test it."""

    text: str
    exercises: tuple[str, ...]


def _tested(text: str, exercises: str) -> Outcome:
    return Outcome(text, tuple(exercises.split()))


OUTCOMES: Mapping[str, Outcome] = {
    "0a": _tested("differentiate $x^2$", "01.1"),
    "0b": _tested("follow a loop of Python on paper", "01.2"),
    "1a": _tested("compute a difference quotient; tell the difference step from the step size", "01.3 01.4 01.5 02.2"),
    "1b": _tested("move inputs along their derivatives and predict the gain", "01.4 01.6 01.7 01.10 02.1 03.1 06.2 12.1"),
    "1c": _tested("say how large a step may be", "01.8 01.9"),
    "2a": _tested("count the runs that nudging needs for a given network", "02.3 02.6 04.2 08.1"),
    "2b": _tested("say which $\\varepsilon$ is too large and which too small; use both sides", "02.4 02.7 02.9 02.10 03.2 16.1"),
    "2c": _tested("go backward through a row of weights, a few products a weight", "02.5 02.8"),
    "3a": _tested("fill in values and gradients of a drawn circuit", "03.3 03.5 03.6 03.8 03.10 04.1 09.2 13.2 15.1 19.2"),
    "3b": _tested("name what each gate does to a gradient", "03.4 03.7 03.9 05.2 10.1 17.1"),
    "4a": _tested("differentiate a chain of functions", "04.3 04.4 04.5 04.8 04.9 04.10 05.1 07.2 08.2"),
    "4b": _tested("update a weight in a chain", "04.6 04.7"),
    "5a": _tested("list or count all paths from a weight to the loss", "05.5 05.10 06.1"),
    "5b": _tested("add up the products along all paths", "05.3 05.4 05.6 05.7 05.8 05.9 14.2"),
    "6a": _tested("multiply matrices by hand, a batch too", "06.3 06.5 06.8 06.9 06.10"),
    "6b": _tested("name a weight from a picture, and find it in the program", "06.4 06.5 07.1"),
    "6c": _tested("give every shape of a network", "06.6 06.7 09.1 11.2"),
    "7a": _tested("compute $\\partial L/\\partial w^2_{jk}$ of a two-layer softmax network by hand", "07.3 07.4 07.6 07.7 07.9"),
    "7b": _tested("derive the slopes of a softmax, and judge them by sign and sum", "07.5 07.8 10.2 14.1"),
    "8a": _tested("compute $\\partial L/\\partial w^1_{jk}$", "08.3 08.4 08.6 08.8 08.11"),
    "8b": _tested("judge a formula by a nudge and the relative error", "08.5 08.9"),
    "8c": _tested("say what the deltas of a softmax add up to", "08.7 08.10 16.2"),
    "9a": _tested("prove the four equations, and others for another layer", "09.9"),
    "9b": _tested("use the four equations line by line, for one example and for a batch", "09.3 09.5 09.6 09.10 11.1 18.2"),
    "9c": _tested("reject a matrix formula by its shapes", "09.1 11.2"),
    "9d": _tested("say from the equations why a derivative is 0 or too small", "09.4 09.7 15.2"),
    "9e": _tested("count the products of one gradient", "09.8"),
    "10a": _tested("derive $\\delta$ for a given output and loss", "10.3 10.4 10.5 10.9 17.2 18.1"),
    "10b": _tested("say when $\\hat y - y$ is wrong", "10.6 10.7"),
    "10c": _tested("compute a loss from logits of any size", "10.8 10.10"),
    "11a": _tested("write `forward` and `backpropagation`", "11.9 11.10 11.11 20.2"),
    "11b": _tested("do by hand what they do, for other units and for a batch", "11.3 11.4 11.6 11.7 11.8"),
    "11c": _tested("check them, and say from what fails where the mistake is", "11.5 19.1"),
    "12a": _tested("write the loop of training and what it needs", "12.3 12.4 12.7 12.8 12.11 12.12"),
    "12b": _tested("say what a cost means, and why it rises", "12.2 12.9"),
    "12c": _tested("choose the weights to start from", "12.5 12.6 12.10"),
    "13a": _tested("count the multiplications of a pass forward and a pass backward", "13.3 13.4 13.6 13.7 13.11 20.1"),
    "13b": _tested("choose which layers to keep", "13.1 13.5 13.8 13.9 13.10 13.12"),
    "14a": _tested("run a graph in forward and in reverse mode, and test one against the other", "14.4 14.5 14.10 14.11 14.12"),
    "14b": _tested("say which mode is cheaper", "14.6"),
    "14c": _tested("compute a second derivative and $Hv$", "14.3 14.7 14.8 14.9"),
    "15a": _tested("predict from its factors whether a gradient shrinks or grows", "15.3 15.10"),
    "15b": _tested("go back through time, a gated cell, a normalisation, a dropout", "15.4 15.5 15.6 15.8 15.12 15.13 15.14"),
    "15c": _tested("choose and compute a remedy", "15.7 15.9 15.11"),
    "16a": _tested("choose $\\varepsilon$ and a tolerance, and defend them", "16.3 16.5 16.9"),
    "16b": _tested("explain a check that fails at a kink", "16.4 16.7"),
    "16c": _tested("check all weights along one direction; say what a check does not see", "16.6 16.8 16.10"),
    "17a": _tested("derive the way back through a layer from “who reads whom”", "17.3 17.4 17.5 17.6 17.7 17.8 17.10 17.11"),
    "17b": _tested("choose the test that finds a mistake in it", "17.9"),
    "18a": _tested("carry a gradient through a loop and through steps of a simulation", "18.3 18.6"),
    "18b": _tested("carry a gradient through a fixed point and a linear solve", "18.4 18.5 18.10 18.11"),
    "18c": _tested("find the gradient of a mean of draws, and check it; say where a nudge misleads", "18.7 18.8 18.9"),
    "19a": _tested(
        "find the first bad line of a derivation, and name the mistake",
        "19.3 19.4 19.5 19.6 19.7 19.8 19.9 19.10 19.11 19.12 19.13 19.14 19.15 19.16 19.17 19.18 19.25 19.26 19.33",
    ),
    "19b": _tested("find the first bad line of code", "19.19 19.20 19.21 19.22 19.23 19.24 19.27 19.28 19.29 19.34"),
    "19c": _tested("put the right line in its place, and let a nudge decide", "19.30 19.31 19.32"),
    "20a": _tested("add up the gradients of examples that lie on many machines", "20.3"),
    "20b": _tested("say from how many examples a step many machines pay, and how fast they are", "20.4 20.7"),
    "20c": _tested("say how the learning rate goes with the batch, and where that ends", "20.8"),
    "20d": _tested("say what a late gradient and a shortened one do, and what mends them", "20.5 20.6 20.9"),
}
"""Every outcome by its name, in the order of the chapters."""

EXAM: Mapping[str, int] = {
    "01.7": 8, "02.5": 8, "03.4": 8, "03.6": 10, "04.7": 12, "05.6": 10, "06.8": 6, "07.4": 12, "07.7": 12,
    "08.4": 12, "09.5": 8, "09.6": 12, "10.4": 8, "11.3": 15, "11.4": 12, "12.3": 12, "13.3": 6, "14.4": 8, "15.4": 12,
    "16.3": 8, "17.3": 8, "18.3": 6, "18.5": 10,
}  # fmt: skip
"""Exercises that stand in an exam, with fresh numbers each time, and the minutes that each takes."""


def outcomes_of(label: str) -> list[str]:
    """The outcomes that an exercise tests, by its label: "07.1" tests "6b".

    TypeError where the label is no text.
    """
    checks.text(label, "label")
    return [name for name, outcome in OUTCOMES.items() if label in outcome.exercises]
