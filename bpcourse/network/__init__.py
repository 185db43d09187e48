"""A fully connected network, as chapters 9 to 12 build it.

Read `equations` first: forward, the way back, the cost, a step. Then `training`
(the loop around them) and `scalars` (the same network written out gate by gate);
`questions` is what is asked of what comes in, `checkpoints` the file from which a
training goes on. `workspace`, the same equations in place, for speed, comes last.

Arrays are (units, examples): one column an example. A network is a dict of
parameters `"W1"`, `"b1"`, `"W2"`, …, where W of a layer is (units, units below)
and b is (units, 1).

Book: chapters 09 to 12.
"""

from bpcourse.network.equations import backpropagation, cost, forward, pull_back, update
from bpcourse.network.questions import Cache, Parameters, checked_parameters
from bpcourse.network.scalars import as_graph, node_name
from bpcourse.network.training import Training, initialise, one_hot, predict, train
from bpcourse.network.workspace import Workspace

__all__ = [
    "Cache", "Parameters", "Training", "Workspace", "as_graph", "backpropagation", "checked_parameters", "cost", "forward",
    "initialise", "node_name", "one_hot", "predict", "pull_back", "train", "update",
]  # fmt: skip
