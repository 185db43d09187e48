"""The book's worked examples: `worked` has their inputs and graphs, `data` the digits.

`errata` lists the slips of the sources, each with a computed check. What a source
prints is data here; what is exact is always computed.

Book: chapters 01 to 12, and the errata.
"""

from bpcourse.examples.worked import (
    FOUR_FOUR_TWO,
    FOUR_FOUR_TWO_X,
    FOUR_FOUR_TWO_Y,
    PADHAI,
    PADHAI_X,
    PADHAI_Y,
    PRODUCT,
    PRODUCT_PRINTED,
    THREE_PATHS,
    XOR_X,
    XOR_Y,
    Digits,
    Printed,
    add_then_multiply,
    digits,
    four_four_two,
    padhai,
    sigmoid_neuron,
    source_003,
    three_paths,
    three_sigmoids,
)

__all__ = [
    "FOUR_FOUR_TWO", "FOUR_FOUR_TWO_X", "FOUR_FOUR_TWO_Y", "PADHAI", "PADHAI_X", "PADHAI_Y", "PRODUCT", "PRODUCT_PRINTED",
    "THREE_PATHS", "XOR_X", "XOR_Y", "Digits", "Printed", "add_then_multiply", "digits", "four_four_two", "padhai",
    "sigmoid_neuron", "source_003", "three_paths", "three_sigmoids",
]  # fmt: skip
