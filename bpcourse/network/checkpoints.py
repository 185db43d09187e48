"""Where a training stands, and the file that holds it: what was stopped goes on with the same bits.

Book: chapter 12.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.network.questions import Parameters, Steering

# The costs of a network with these parameters, on what it is trained with and on what is held out.
Costs = Callable[[Parameters], dict[str, float]]

SECONDS = 10.0
"""The most that is lost when a machine loses its power: so old the file may be while a training runs."""


class Standing(NamedTuple):
    """Where a training stands: all that its next step depends on.

    `epoch` whole epochs are done and `step` steps of the next, whose order is drawn
    from a generator in the state `shuffle`. Of `history` the first `epoch` + 1 count.
    """

    parameters: dict[str, Array]
    history: dict[str, list[float]]
    epoch: int
    step: int
    shuffle: Mapping[str, Any]

    def stepped(self, parameters: dict[str, Array]) -> Standing:
        """One step later: parameters and number change in one move, so Ctrl-C finds both or none."""
        return self._replace(parameters=parameters, step=self.step + 1)

    def ended(self, costs: dict[str, float], rng: np.random.Generator) -> Standing:
        """At the end of an epoch, whose costs these are."""
        for key, C in costs.items():
            self.history[key].append(C)
        return self._replace(epoch=self.epoch + 1, step=0, shuffle=rng.bit_generator.state)

    def of_whole_epochs(self) -> dict[str, list[float]]:
        """The history, without what an interrupted end of an epoch left there."""
        return {key: values[: self.epoch + 1] for key, values in self.history.items()}


class Checkpoint:
    """One file that holds a `Standing` and the settings it belongs to.

    It is a .npz without pickle. It is written beside and put in its place in one move, so that it is whole
    whenever a machine stops. Without a path nothing is written.

    Raises TypeError and ValueError for what is no path to a .npz file, for a file that
    is there though `resume` is False, and for `resume` without a path.
    """

    def __init__(
        self, path: Any, resume: Any, start: Parameters, sets: Mapping[str, Any], steering: Steering, **settings: Any
    ) -> None:
        resume = checks.flag(resume, "resume")
        if path is None and resume:
            raise ValueError("resume: expected a checkpoint to go on from, got checkpoint=None")
        if path is not None and not isinstance(path, str | os.PathLike):
            raise TypeError(f"checkpoint: expected a path, got {type(path).__name__} {checks.short(path)}")
        self.path = None if path is None else Path(checks.text(path, "checkpoint") if isinstance(path, str) else path)
        settings |= {"learning_rate": steering.learning_rate, "batch_size": steering.batch_size, "seed": steering.seed}
        settings |= {f"shapes of {key}": [list(x.shape) for x in pair] for key, pair in sets.items()}
        self.settings = settings if path is None else settings | {"parameters": _fingerprint(start)}
        self.written = -np.inf
        if self.path is not None and self.path.suffix != ".npz":
            raise ValueError(f"checkpoint: expected a path that ends in .npz, got {str(self.path)!r}")
        if self.path is not None and not self.path.parent.is_dir():
            raise ValueError(f"checkpoint: expected a path in a folder that is there, got {str(self.path)!r}")
        if self.path is not None and self.path.exists() and not resume:
            raise ValueError(f"checkpoint: expected a new file, or resume=True to go on from it, got {str(self.path)!r}")

    def begin(self, start: dict[str, Array], costs: Costs, rng: np.random.Generator) -> Standing:
        """Where to go on: what the file holds, or these parameters and their costs; sets `rng`.

        The file is written, so that one which cannot be written is known at once.
        Raises ValueError for a torn file and for one of other settings, which stay as they
        are, and OSError.
        """
        at = self._read(self.path) if self.path is not None and self.path.exists() else None
        if at is None:
            at = Standing(start, {key: [C] for key, C in costs(start).items()}, 0, 0, rng.bit_generator.state)
        rng.bit_generator.state = at.shuffle
        self.write(at)
        return at

    def _read(self, path: Path) -> Standing:
        """What the file holds."""
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {name: file[name] for name in file.files}
            told = json.loads(str(found.pop("standing")))
            parameters = {name: found[f"parameters.{name}"] for name in told["parameters"]}
            history = {key: found[f"history.{key}"].tolist() for key in told["history"]}
            at = Standing(parameters, history, told["epoch"], told["step"], told["shuffle"])
            made = told["settings"]
        except Exception as error:  # a torn zip raises many kinds
            raise ValueError(
                f"checkpoint: expected a whole checkpoint, got {str(path)!r} ({type(error).__name__}: {error})"
            ) from None
        for key in self.settings | made:
            if made.get(key) != self.settings.get(key):
                expected, got = self.settings.get(key), made.get(key)
                raise ValueError(f"checkpoint: expected one made with {key} {expected}, got {str(path)!r} with {got}")
        return at

    def write(self, at: Standing) -> None:
        """The file with this in it: the whole of it, or the one that was there."""
        if self.path is None:
            return
        told = at._asdict() | {"settings": self.settings, "parameters": [*at.parameters], "history": [*at.history]}
        arrays = {f"parameters.{name}": x for name, x in at.parameters.items()}
        arrays |= {f"history.{key}": np.array(values) for key, values in at.of_whole_epochs().items()}
        arrays["standing"] = np.array(json.dumps(told, default=lambda x: x.tolist()))  # some generators keep arrays
        part = self.path.with_name(f"{self.path.name}.part")
        with part.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.path)
        self.written = time.monotonic()

    def write_if_old(self, at: Standing) -> None:
        """`write`, if the file is older than `SECONDS`."""
        if self.path is not None and time.monotonic() - self.written > SECONDS:
            self.write(at)


def _fingerprint(parameters: Parameters) -> str:
    """Shapes, dtype and a checksum of parameters, in a line: "2-3-1 float64 1f3c09aa"."""
    sizes = [parameters["W1"].shape[1], *(len(W) for W in list(parameters.values())[::2])]
    checksum = 0
    for x in parameters.values():
        checksum = zlib.crc32(np.ascontiguousarray(x).data, checksum)
    return f"{'-'.join(map(str, sizes))} {parameters['W1'].dtype} {checksum:08x}"
