"""Training: weights to begin with, the loop, and what the trained network says.

Book: chapter 12.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from bpcourse import checks, doors
from bpcourse.checks import Array
from bpcourse.layers import activation
from bpcourse.network import questions
from bpcourse.network.checkpoints import Checkpoint, Costs
from bpcourse.network.equations import backpropagation, cost, forward, update
from bpcourse.network.questions import Gradients, Parameters, Steering


def initialise(sizes: Sequence[int], hidden: str = "relu", seed: Any = 0) -> dict[str, Array]:
    """Random weights for layers of these sizes, inputs first; biases 0.

    Weights are normal with mean 0 and variance 2/n for relu, 1/n for the other
    activations, where n is the number of units below, so that the activations
    keep their size from layer to layer.

    Raises ValueError for fewer than two sizes, a size < 1, an unknown name or a
    seed < 0; TypeError for a seed that is no whole number.

    Book: chapters 11 and 12.
    """
    activation(hidden)
    sizes, rng = checks.sizes(sizes), checks.generator(seed, "seed")
    parameters = {}
    for l, (below, units) in enumerate(itertools.pairwise(sizes), start=1):
        checks.expect_room("sizes", below, units)
        spread = math.sqrt((2 if hidden == "relu" else 1) / below)
        parameters[f"W{l}"] = rng.normal(0, spread, (units, below))
        parameters[f"b{l}"] = np.zeros((units, 1))
    return parameters


class Training(NamedTuple):
    """What `train` returns: the trained parameters, and the history by epoch.

    `history["cost"][0]` is the cost before training, `[k]` that after epoch k;
    `history["validation_cost"]` likewise where validation data was given.
    """

    parameters: dict[str, Array]
    history: dict[str, list[float]]


def train(
    parameters: Parameters,
    X: Any,
    Y: Any,
    *,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
    learning_rate: float = 0.1,
    batch_size: int | None = None,
    epochs: int = 100,
    until_loss: float | None = None,
    validation: tuple[Any, Any] | None = None,
    seed: Any = 0,
    progress: bool = True,
    after_epoch: Callable[[Training], Any] | None = None,
    checkpoint: Any = None,
    resume: bool = False,
) -> Training:
    """Gradient descent, till `epochs` are done or the cost is under `until_loss`.

    X and Y are (units, examples), as for `forward`. One step is W ← W − η·dW.
    Each epoch deals the examples into minibatches of `batch_size` in a new
    random order (the last one may be smaller; None takes all at once) and makes
    one step a minibatch. `parameters` stay as they were, and their dtype stays too.

    The order is drawn from the seed. To go on where a training stopped, give both
    calls the same `numpy.random.Generator` as seed: 3 and 1 epochs are then 4.
    `after_epoch` is called with what has been reached, to store or to show it. What
    Ctrl-C interrupts is kept: the steps so far are returned, with a warning.
    `progress` shows a bar.

    `checkpoint` names a .npz file that holds where the training stands: it is written
    every ten seconds, and when the training ends or is stopped. With `resume` the
    same call goes on from the file, in mid-epoch too, to the bits that it would have
    reached without the stop; where there is no file yet, it begins.

    Raises ValueError and TypeError as `forward` and `backpropagation`, for a
    batch_size or epochs < 1, for a checkpoint of other settings or a torn one, and for
    one that is there though `resume` was not asked for.
    """
    names = {"hidden": hidden, "output": output}
    start, sets, steering = questions.of_train(
        parameters, X, Y, learning_rate, batch_size, epochs, until_loss, validation, seed, progress, after_epoch
    )
    X, Y = sets["cost"]

    def gradients(batch: Array, current: Parameters) -> dict[str, Array]:
        with doors.inside():  # X and Y are asked about before the loop, the parameters after each step
            cache = forward(X[:, batch], current, **names)
            return backpropagation(cache, Y[:, batch], current, **names, loss=loss)

    def costs(current: Parameters) -> dict[str, float]:
        return {key: cost(forward(x, current, **names), y, loss) for key, (x, y) in sets.items()}

    return descend(start, gradients, costs, steering, Checkpoint(checkpoint, resume, start, sets, steering, **names, loss=loss))


def descend(start: dict[str, Array], gradients: Gradients, costs: Costs, steering: Steering, file: Checkpoint) -> Training:
    """The loop: W ← W − η·dW for each minibatch, the costs after each epoch.

    Where the examples lie is the affair of `gradients(batch, parameters)`, a dict of
    arrays with the shapes of the parameters, the means over the minibatch, and of
    `costs(parameters)`: `train` and `beyond.machines.train` are this one loop. Raises as
    `train`, which asks its questions.
    """
    at = file.begin(start, costs, steering.rng)
    with tqdm(total=steering.epochs, initial=at.epoch, disable=not steering.progress, unit="epoch") as bar:
        try:
            while at.epoch < steering.epochs and at.history["cost"][-1] >= steering.until_loss:
                for batch in itertools.islice(_minibatches(steering), at.step, None):
                    at = at.stepped(update(at.parameters, gradients(batch, at.parameters), steering.learning_rate))
                    file.write_if_old(at)
                at = at.ended(costs(at.parameters), steering.rng)
                bar.update()
                bar.set_postfix(cost=f"{at.history['cost'][-1]:.4f}")
                if steering.after_epoch is not None:
                    steering.after_epoch(Training(at.parameters, at.of_whole_epochs()))
        except KeyboardInterrupt:
            warnings.warn(f"train: interrupted after {at.epoch} whole epochs, what was reached is returned", stacklevel=3)
        finally:
            file.write(at)
    return Training(at.parameters, at.of_whole_epochs())


def _minibatches(steering: Steering) -> Iterator[Array]:
    """The numbers of all examples in a new random order, dealt in batches."""
    order = steering.rng.permutation(steering.examples)
    for start in range(0, steering.examples, steering.batch_size):
        yield order[start : start + steering.batch_size]


def one_hot(labels: Any, classes: int) -> Array:
    """Labels 0 … classes−1 as columns of 0 and one 1: (classes, examples).

    Raises ValueError for a label out of range or no labels, TypeError for
    labels that are not whole numbers.
    """
    classes = checks.whole(classes, "classes")
    labels = checks.labels(labels, "labels", classes)
    checks.expect_room("classes", classes, len(labels))
    columns = np.zeros((classes, len(labels)))
    columns[labels, np.arange(len(labels))] = 1
    return columns


def predict(X: Any, parameters: Parameters, hidden: str = "relu") -> Array:
    """The label ŷ = argmaxⱼ zⱼ of each example: (examples,) for X (units, examples).

    With one output unit, a sigmoid's, the label is 1 where z > 0, that is where
    ŷ > ½, and otherwise 0. Raises as `forward`.
    """
    Z = forward(X, parameters, hidden, "identity")[f"Z{len(parameters) // 2}"]
    return Z.argmax(axis=0) if len(Z) > 1 else (Z[0] > 0).astype(int)
