"""Training on more than one machine: each has a part of the examples, all have the same weights.

The gradient of a sum is the sum of the gradients. So the examples are cut into shards;
the workers of dask.distributed keep them, and in each step get the parameters and send
back the sums of their gradients, which are added in the order of the shards.

Book: chapter 20.
"""

from __future__ import annotations

import functools
import gc
import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.layers import expect_loss
from bpcourse.network import questions
from bpcourse.network.checkpoints import Checkpoint
from bpcourse.network.equations import backpropagation, cost, forward
from bpcourse.network.questions import Parameters
from bpcourse.network.training import Training, descend

Sums = dict[str, Array]
Question = Callable[[Array, Array, Parameters], Sums]

BLOCK = 2**22
"""About so many numbers a layer are computed at a time, so that a shard may be larger than a worker's memory."""
TRIES = 5
"""So often is one step done, if a worker is lost each time."""
SCHEDULER_SECONDS, WORKER_SECONDS, LOOK_SECONDS = 5, 30, 1.0
"""How long a scheduler and a first worker are waited for, and after how long is looked whether one that is asked still lives."""


def train(
    client: Any,
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
    shards: int = 8,
) -> Training:
    """`network.train` with the examples on the workers of dask.distributed.

    client: a `distributed.Client`, the address of a scheduler, or None for a cluster on
    this machine, a process a core, for the time of the call; a script then needs `if
    __name__ == "__main__":` before it, since these processes load the script.

    X and Y are (units, examples): arrays, files mapped into memory, dask or Zarr arrays.
    A mapped file (`np.memmap`) may be larger than all memory: each worker opens it under
    the name that it has here and reads the examples of a step, fastest where an
    example's numbers lie side by side (`order="F"`). Of all else each worker keeps its
    shards in memory.

    The minibatches are those of `network.train` with the same seed, and the result
    is the same but for rounding. The examples are cut into as many `shards`, or where
    the chunks of a dask array are; at most as many workers have work. Sums are added in
    an order that the shards alone decide, so that any number of workers, and a step that
    was done again because a worker died, give the same bits.

    Everything else is as in `network.train`. Raises ValueError and TypeError as it does,
    ConnectionError where no scheduler or no worker is found, RuntimeError for workers
    with other versions and for a step that loses its workers again and again,
    ImportError without dask.distributed.
    """
    X, Y = _examples(X, "X"), _examples(Y, "Y")
    questions.expect_as_many(X, Y)
    start, steering = questions.of_descent(
        parameters, X.shape[1], learning_rate, batch_size, epochs, until_loss, seed, progress, after_epoch
    )
    names: dict[str, Any] = {"hidden": hidden, "output": output}
    questions.expect_kinds(hidden, output)
    questions.expect_output(output, start)
    expect_loss(loss, output)
    depth = len(start) // 2
    rows = (X, "X", start["W1"].shape[1], "W1 has columns"), (Y, "Y", len(start[f"W{depth}"]), f"W{depth} has rows")
    for x, argument, units, weights in rows:
        if x.shape[0] != units:
            raise ValueError(f"{argument}: expected {units} units (rows), as {weights}, got shape {x.shape}")
    cuts = _cuts(X, Y, checks.whole(shards, "shards"))
    held = {} if validation is None else {"validation_cost": questions.held_out(validation, X, Y)}
    sets = {"cost": (X, Y), **held}
    file = Checkpoint(checkpoint, resume, start, sets, steering, **names, loss=loss, cuts=cuts)
    of_gradients, of_losses = (functools.partial(question, **names, loss=loss) for question in (_gradients, _losses))

    with _connected(client) as found:
        cluster = _Shards(found, X, Y, cuts)

        def gradients(batch: Array, current: Parameters) -> Sums:
            return {name: total / len(batch) for name, total in cluster.total(of_gradients, current, batch).items()}

        def costs(current: Parameters) -> dict[str, float]:
            mean = questions.held_cost(cluster.total(of_losses, current)["cost"] / steering.examples)
            return {"cost": mean} | {key: cost(forward(x, current, **names), y, loss) for key, (x, y) in held.items()}

        return descend(start, gradients, costs, steering, file)


# ---------------------------------------------------------------------------- what a worker does


def _gradients(x: Array, y: Array, parameters: Parameters, hidden: str, output: str, loss: str) -> Sums:
    """The sums of the gradients of the examples: their mean, times how many they are."""
    grads = backpropagation(forward(x, parameters, hidden, output), y, parameters, hidden, output, loss)
    return {f"d{name}": grads[f"d{name}"] * x.shape[1] for name in parameters}


def _losses(x: Array, y: Array, parameters: Parameters, hidden: str, output: str, loss: str) -> Sums:
    """The sum of the losses of the examples."""
    return {"cost": np.array(cost(forward(x, parameters, hidden, output), y, loss) * x.shape[1])}


class _Piece(NamedTuple):
    """What a worker has of one shard, and which of its examples it is asked about: None for all."""

    shard: int
    width: int
    X: Any
    Y: Any
    columns: Array | None


def _answers(parameters: Parameters, pieces: list[_Piece], question: Question, shards: int) -> dict[tuple[int, int], Sums]:
    """The sums of a worker's shards, added as far as neighbours are at hand."""
    found = {(piece.shard, piece.shard + 1): _answer(parameters, piece, question) for piece in pieces}
    _fold(found, 0, shards)
    return found


def _answer(parameters: Parameters, piece: _Piece, question: Question) -> Sums:
    """The sum over one shard's examples, a block at a time."""
    for x, argument in (piece.X, "X"), (piece.Y, "Y"):
        if x.shape[1] != piece.width:
            raise ValueError(f"{argument}: expected {piece.width} examples in shard {piece.shard}, got shape {x.shape}")
    block = max(1, BLOCK // max(max(x.shape) for x in parameters.values()))
    count = piece.width if piece.columns is None else len(piece.columns)
    total: Sums = {}
    for low in range(0, count, block):
        here = slice(low, low + block)
        columns = here if piece.columns is None else piece.columns[here]
        # A file is mapped for one block alone: its pages count as the worker's memory.
        x, y = (np.asarray(part)[:, columns].astype(parameters["W1"].dtype, copy=False) for part in (piece.X, piece.Y))
        total = _plus(total, question(x, y, parameters))
    return total


def _plus(left: Sums, right: Sums) -> Sums:
    """The sum of two sums; of no examples it is {}."""
    return {name: left[name] + x for name, x in right.items()} if left and right else left or right


def _fold(found: dict[tuple[int, int], Sums], low: int, high: int) -> Sums | None:
    """The sum of the shards low to high − 1, if all are there; halves are added to wholes in place.

    A worker with many neighbouring shards so sends one sum, and the order of adding is
    the same tree however the shards are spread.
    """
    if (low, high) not in found and high - low > 1:
        middle = (low + high) // 2
        left, right = _fold(found, low, middle), _fold(found, middle, high)
        if left is not None and right is not None:
            del found[low, middle], found[middle, high]
            found[low, high] = _plus(left, right)
    return found.get((low, high))


# ------------------------------------------------------------------------- who has which shard


class _Shards:
    """The shards on the workers of a client: who has which, and what to do when one is lost."""

    def __init__(self, client: Any, X: Any, Y: Any, cuts: list[int]) -> None:
        self.client, self.X, self.Y, self.cuts = client, X, Y, cuts
        self.shards = len(cuts) - 1
        self.owner: dict[int, str] = {}
        self.held: dict[int, tuple[Any, Any]] = {}
        self.workers: set[str] = set()

    def total(self, question: Question, parameters: Parameters, batch: Array | None = None) -> Sums:
        """The sum of what `question` answers over these examples, or over all; done again when a worker is lost."""
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        lost: Exception | None = None
        for _ in range(TRIES):
            try:
                self._place()
                return self._asked(question, parameters, batch)
            except ConnectionError:
                raise
            except Exception as error:
                # While all workers live it is the task's own error: what the network says of its input.
                if not isinstance(error, CancelledError | KilledWorker | CommClosedError) and self.workers <= self._living():
                    raise
                lost = error
        raise RuntimeError(
            f"client: expected workers that live, got {TRIES} tries of a step that lost theirs: is their memory full?"
        ) from lost

    def _asked(self, question: Question, parameters: Parameters, batch: Array | None) -> Sums:
        import dask

        tasks: dict[str, list[_Piece]] = {}
        where = None if batch is None else np.searchsorted(self.cuts, batch, side="right") - 1
        for shard, (low, high) in enumerate(itertools.pairwise(self.cuts)):
            columns = None if batch is None else batch[where == shard] - low
            tasks.setdefault(self.owner[shard], []).append(_Piece(shard, high - low, *self.held[shard], columns))
        # The parameters go with the task: a broadcast of distributed never ends if a worker dies under it.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            futures = {
                worker: self.client.submit(
                    _answers, dict(parameters), pieces, question, self.shards, workers=[worker], pure=False
                )
                for worker, pieces in tasks.items()
            }
        found: dict[tuple[int, int], Sums] = {}
        for worker, future in futures.items():
            found |= self._result(worker, future)
        return _fold(found, 0, self.shards) or {}

    def _result(self, worker: str, future: Any) -> Any:
        """The result of a task; it would be waited for without end where its worker is gone."""
        with ThreadPoolExecutor(1) as pool:
            # Not with distributed's own timeout: broken off at a bad moment, its client can never again get an answer.
            asked = pool.submit(future.result)
            try:
                while not wait([asked], LOOK_SECONDS).done:
                    if worker not in self.client.nthreads():
                        raise TimeoutError(f"no answer from {worker}")
                return asked.result()
            except BaseException:
                future.cancel()  # so that the thread ends
                raise

    def _place(self) -> None:
        """Give every shard that no living worker has to one."""
        living = self._living()
        lost = [shard for shard in range(self.shards) if self.owner.get(shard) not in living or _gone(self.held[shard])]
        if lost:
            self.workers = living
            self._expect_same_versions()
        for place, shard in enumerate(lost):
            worker = sorted(living)[place * len(living) // len(lost)]  # neighbours to one worker
            self.held[shard] = tuple(self._keep(x, shard, worker) for x in (self.X, self.Y))
            self.owner[shard] = worker

    def _expect_same_versions(self) -> None:
        """RuntimeError unless bpcourse and numpy are the same on all workers as here."""
        for package in "bpcourse", "numpy":
            # By `eval`: a worker need not have this module. What distributed tells are versions as installed, not as loaded.
            version = f"__import__({package!r}).__version__"
            here = eval(version)
            asked = {worker: self.client.submit(eval, version, workers=[worker], pure=False) for worker in self.workers}
            for worker, future in asked.items():
                try:
                    there = self._result(worker, future)
                except (ImportError, AttributeError) as error:
                    there = repr(error)
                if there != here:
                    raise RuntimeError(f"client: expected {package} {here} on every worker, as here, got {there} on {worker}")

    def _living(self) -> set[str]:
        """The addresses of the workers; waits for a first one."""
        from distributed.comm.core import CommClosedError

        address, late = self.client.scheduler.address, time.monotonic() + WORKER_SECONDS
        try:
            while not (living := set(self.client.nthreads())):
                if time.monotonic() > late:
                    raise ConnectionError(f"client: expected a worker at {address}, got none within {WORKER_SECONDS} s")
                time.sleep(0.1)
        except CommClosedError:
            raise ConnectionError(f"client: expected a scheduler at {address}, got no answer") from None
        return living

    def _keep(self, x: Any, shard: int, worker: str) -> Any:
        """One shard of X or Y as that worker keeps it."""
        part = slice(self.cuts[shard], self.cuts[shard + 1])
        if isinstance(x, np.memmap):
            return _File.of(x[:, part])
        if _in_dask(x):
            return self.client.compute(x[:, part], workers=[worker])
        if hasattr(x, "chunks"):
            return self.client.submit(_read, x, part, workers=[worker], pure=False)
        [future] = self.client.scatter([x[:, part]], workers=[worker], hash=False)
        return future


def _gone(held: tuple[Any, Any]) -> bool:
    """Whether a shard that a worker kept is no longer there."""
    return any(getattr(x, "status", "finished") in ("lost", "cancelled") for x in held)


# ------------------------------------------------------------------------------------ the data


class _File(NamedTuple):
    """An array in a file, to be mapped into memory by whoever asks for its numbers."""

    name: str
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype

    @classmethod
    def of(cls, x: Any) -> _File:
        """Where in its file a mapped array lies, also a part or the transpose of one."""
        whole = x  # the mapping itself
        while isinstance(whole.base, np.memmap):
            whole = whole.base
        return cls(str(x.filename), whole.offset + x.ctypes.data - whole.ctypes.data, x.shape, x.strides, x.dtype)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.ndarray(self.shape, self.dtype, np.memmap(self.name, mode="r"), self.start, self.strides)


def _read(x: Any, part: slice) -> Array:
    return np.asarray(x[:, part])


def _in_dask(x: Any) -> bool:
    return isinstance(getattr(x, "chunks", (None,))[-1], tuple)


def _examples(x: Any, argument: str) -> Any:
    """X or Y itself, if it is read in parts; otherwise as an array (units, examples)."""
    mapped = isinstance(x, np.memmap) and x.filename is not None and x.mode != "c"
    if not mapped and not hasattr(x, "chunks"):
        return np.asarray(checks.batch(x, argument))
    if len(x.shape) != 2:
        raise ValueError(f"{argument}: expected 2 dimensions (units, examples), got shape {x.shape}")
    if not all(n >= 1 for n in x.shape):  # NaN is what dask does not know
        raise ValueError(f"{argument}: expected known numbers of units and examples, 1 or more, got shape {x.shape}")
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{argument}: expected an array of numbers, got {type(x).__name__} of {x.dtype}")
    return x


def _cuts(X: Any, Y: Any, shards: int) -> list[int]:
    """Where shards begin, and the end: between the chunks of dask arrays, or as evenly as can be."""
    chunks = [x.chunks[1] for x in (X, Y) if _in_dask(x)]
    if not chunks:
        shards = min(shards, X.shape[1])
        return [X.shape[1] * i // shards for i in range(shards + 1)]
    if chunks[0] != chunks[-1]:
        raise ValueError(f"Y: expected chunks of as many examples as those of X, {chunks[0]}, got {chunks[-1]}")
    return [0, *itertools.accumulate(width for width in chunks[0] if width)]


# ---------------------------------------------------------------------------------- the client


@contextmanager
def _connected(client: Any) -> Iterator[Any]:
    """The client itself; one of the scheduler with this address; or one of a cluster here, for a while."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ImportError("client: expected dask.distributed, got no such package: python -m pip install distributed") from None
    if client is None:
        cores = os.cpu_count()
        with (
            LocalCluster(n_workers=cores, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
            Client(cluster, set_as_default=False, direct_to_workers=True) as own,
        ):
            yield own
    elif isinstance(client, str):
        failed = None
        try:
            own = Client(client, timeout=SCHEDULER_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            failed = str(error)
        if failed is not None:
            gc.collect()  # the client that failed: collected while another one starts, it would wait for it without end
            raise ConnectionError(f"client: expected the address of a scheduler, got {client!r} ({failed})")
        with own:
            yield own
    else:
        given = checks.of_kind(client, Client, "client")
        if given.asynchronous:
            raise TypeError("client: expected a Client that waits for answers, got one with asynchronous=True")
        yield given
