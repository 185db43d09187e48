"""What chapters 13 to 20 add to the network: each module is one chapter's, or half of it.

`bill` counts what a gradient costs (13), `modes` differentiates a graph in two
directions (14), `remedies` and `recurrent` are about gradients that vanish or
explode (15), `structures` has convolution, pooling, embedding, normalisation and
attention, each with its way back (17), `programs` what is no layer: a linear solve and
a fixed point (18), `machines` trains on more than one (20); only `structures` needs
another one, for the mean and the variance that batch and layer normalisation share.

Book: chapters 13 to 20.
"""

from bpcourse.beyond import bill, machines, modes, programs, recurrent, remedies, structures

__all__ = ["bill", "machines", "modes", "programs", "recurrent", "remedies", "structures"]
