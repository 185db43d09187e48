"""A walk of every program, on numbers of a seed, light to import."""

import numpy as np

from bpcourse import network
from bpcourse.beyond import recurrent
from bpcourse.explore import programs


def some(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).round(2)


NETWORKS = {
    "softmax, cross-entropy": ("sigmoid", "softmax", "cross_entropy"),
    "softmax, squared error": ("tanh", "softmax", "squared_error"),
    "sigmoid, binary cross-entropy": ("relu", "sigmoid", "binary_cross_entropy"),
    "sigmoid, squared error": ("sigmoid", "sigmoid", "squared_error"),
    "identity, half the squared error": ("tanh", "identity", "half_squared_error"),
}


def layers(hidden, output, loss, examples=3):
    parameters = network.initialise([4, 3, 2], seed=1)
    return programs.network(parameters, some(4, examples), np.eye(2)[:, [0, 1, 1][:examples]], hidden, output, loss)


def recurrence():
    return programs.recurrence(recurrent.initialise(2, 2, seed=0), some(3, 2, 2), some(2, 2))


def cell():
    h, c, dh, dc = (some(2, 2, seed=seed) for seed in range(4))
    return programs.lstm(some(1, 2), h, c, some(8, 3), some(8, 1), dh, dc)


WALKS = {
    **{f"network: {name}": lambda kinds=kinds: layers(*kinds) for name, kinds in NETWORKS.items()},
    "network: one example": lambda: layers("sigmoid", "softmax", "cross_entropy", 1),
    "recurrence": recurrence,
    "LSTM": cell,
    "batch norm": lambda: programs.batch_norm(some(2, 4), some(2, 1), some(2, 1, seed=1), some(2, 4, seed=1)),
    "convolution": lambda: programs.convolution(some(4, 5), some(2, 3), some(3, 3)),
    "layer norm": lambda: programs.layer_norm(some(3, 4), some(3, 1), some(3, 1, seed=1), some(3, 4, seed=1)),
    "attention": lambda: programs.attention(some(2, 3), some(2, 4), some(2, 4, seed=1), some(2, 3, seed=1)),
    "causal attention": lambda: programs.attention(*(some(2, 3, seed=seed) for seed in range(4)), causal=True),
}


def entries(walk):
    """Every entry of every step, in order."""
    return [(step, row, column) for step in walk.steps for row, column in np.ndindex(step.array.shape)]
