"""Exercises of chapter 07, one weight."""

from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y
from bpcourse.practice.exercises import Exercise, Numbers
from bpcourse.practice.worked import of_network

W212 = of_network(
    FOUR_FOUR_TWO,
    FOUR_FOUR_TWO_X,
    FOUR_FOUR_TWO_Y,
    fresh={"x": (1, 5, 0), "W": (-9, 9, 1)},
    entries=("w_212", "w_221", "w_131"),
)

EXERCISES: list[Exercise] = [
    Numbers(
        title="The derivative of one weight",
        text="The network of chapter 7, with these numbers. Find $\\partial L/\\partial w^2_{12}$.",
        hints=(
            "Which δ does a weight of layer 2, to unit 1, meet?",
            "∂L/∂w²₁₂ is δ²₁ times the activation that the weight multiplies.",
            "δ²₁ needs both outputs: ŷ₁ (u₁ − u₁ŷ₁ − u₂ŷ₂) with u = 2(ŷ − y).",
        ),
        derivation=W212,
        asks=("dw_212",),
        shows=("x", "y", "W1", "W2"),
    ),
]
