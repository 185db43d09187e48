"""Measure training on more than one machine, on worker processes of this one, and store it in `machines.json`.

Three things, with the seeds and the settings below:

- a step on 1 and 2 workers, its examples in two shards, beside a step without any, against the model
  t(n) = t(1)/n + seconds a step + bytes/rate, whose constants come from elsewhere: t(1) from the equations alone, the
  others from sending parameters there and back;
- the bytes of a step: those of the messages, made as they are sent, and those that the loopback device counted;
- an epoch on a file of 8 GiB by two workers of 1 GiB each, a limit that the kernel holds them to.

Workers share this machine's cores with the driver and the scheduler: on two cores two workers cannot be twice as fast, and a
line between two machines is slower than the loopback. With `--quick` all is small, and nothing is stored.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from common import fix_threads, machine

fix_threads(1)

import os  # noqa: E402

if hasattr(os, "sched_setaffinity"):  # one thread here, but the workers have cores of their own
    os.sched_setaffinity(0, range(os.cpu_count() or 1))

import distributed  # noqa: E402
import numpy as np  # noqa: E402

from bpcourse.beyond import machines  # noqa: E402
from bpcourse.beyond.bill import backward_products, forward_products  # noqa: E402
from bpcourse.network import Training, backpropagation, forward, initialise, train, update  # noqa: E402

STORED = Path(__file__).with_name("machines.json")
SEED = 0
SIZES = [784, 512, 512, 10]
EXAMPLES = [64, 256, 1024, 4096, 16384]
WORKERS = [1, 2]
SENT = [10_000, 100_000, 1_000_000, 4_000_000]
"""Numbers sent there and back, to find what a line carries."""
LARGE = {"units": 1024, "examples": 2**21, "sizes": [1024, 64, 10], "batch_size": 8192, "limit": 2**30}


@contextmanager
def workers(count: int, **limits: Any) -> Iterator[distributed.Client]:
    """A client of as many processes, one thread each."""
    cluster = distributed.LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0", **limits)
    with cluster, distributed.Client(cluster, direct_to_workers=True) as client:
        yield client


def problem(sizes: list[int], examples: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """(parameters, X, Y) in float32, the same each time."""
    rng = np.random.default_rng(SEED)
    X = rng.standard_normal((sizes[0], examples), dtype=np.float32)
    Y = np.eye(sizes[-1], dtype=np.float32)[:, rng.integers(0, sizes[-1], examples)]
    return {name: x.astype(np.float32) for name, x in initialise(sizes, seed=SEED).items()}, X, Y


def seconds(action: Callable[[], Any], repeats: int) -> float:
    """The median of some runs, after one to warm up."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def loopback() -> int:
    """Bytes that the loopback device has carried so far."""
    return int(Path("/sys/class/net/lo/statistics/tx_bytes").read_text())


# ------------------------------------------------------------------------------------ a step


def step_alone(sizes: list[int], examples: int, repeats: int) -> float:
    """Seconds of a step without workers."""
    parameters, X, Y = problem(sizes, examples)
    return seconds(lambda: update(parameters, backpropagation(forward(X, parameters), Y, parameters), 0.01), repeats)


def step_on(client: distributed.Client, sizes: list[int], examples: int, repeats: int) -> tuple[float, float]:
    """(seconds, bytes on the loopback) of a step of `machines.train` on all its examples."""
    parameters, X, Y = problem(sizes, examples)
    found = []

    def only_steps(start: Any, gradients: Any, costs: Any, steering: Any, file: Any) -> Training:
        batch = np.arange(examples)
        gradients(batch, start)  # the shards are placed
        before = loopback()
        found.append(seconds(lambda: update(start, gradients(batch, start), 0.01), repeats))
        found.append((loopback() - before) / (repeats + 1))
        return Training(start, {})

    with mock.patch.object(machines, "descend", only_steps):
        machines.train(client, parameters, X, Y, progress=False, shards=max(WORKERS))
    return found[0], found[1]


def message(parameters: dict[str, np.ndarray]) -> int:
    """Bytes of these arrays as a message of distributed."""
    frames = distributed.protocol.dumps({name: distributed.protocol.to_serialize(x) for name, x in parameters.items()})
    return sum(memoryview(frame).nbytes for frame in frames)


def line(client: distributed.Client, sent: list[int], repeats: int) -> tuple[float, float]:
    """(seconds a step, bytes a second) of sending numbers to all workers and back: a straight line through the times."""
    there = list(client.nthreads())

    def echo(numbers: dict[str, np.ndarray]) -> None:
        for answer in [client.submit(dict, numbers, workers=[worker], pure=False) for worker in there]:
            answer.result()

    times = [seconds(lambda count=count: echo({"W1": np.ones(count, np.float32)}), repeats) for count in sent]
    slope, start = np.polyfit([2 * 4 * count * len(there) for count in sent], times, 1, w=1 / np.array(times))
    return float(start), float(1 / slope)


def crossing(examples: list[int], ratio: list[float]) -> float | None:
    """Where a ratio falls below 1, between two of these numbers on a logarithmic axis; None where it does not."""
    for (low, left), (high, right) in zip(zip(examples, ratio), zip(examples[1:], ratio[1:])):
        if left >= 1 > right:
            return float(low * (high / low) ** ((left - 1) / (left - right)))
    return None


def steps(examples: list[int], sent: list[int], repeats: int) -> dict[str, Any]:
    """Measured and from the model: seconds, bytes, efficiency, and from how many examples a step two workers win."""
    parameters, _, _ = problem(SIZES, 1)
    numbers = sum(x.size for x in parameters.values())
    alone = {m: step_alone(SIZES, m, repeats) for m in examples}
    products = {m: m * (forward_products(SIZES) + backward_products(SIZES)) for m in examples}
    found: dict[str, Any] = {
        "sizes": SIZES, "numbers": numbers, "bytes of the parameters as a message": message(parameters),
        "products a second": max(products[m] / alone[m] for m in examples),
        "seconds alone": alone, "workers": {},
    }  # fmt: skip
    for count in WORKERS:
        with workers(count) as client:
            start, rate = line(client, sent, repeats)
            rows = []
            for m in examples:
                took, carried = step_on(client, SIZES, m, repeats)
                model = alone[m] / count + start + 2 * count * 4 * numbers / rate
                rows.append({
                    "examples": m, "seconds": took, "model": model, "bytes": carried, "speed-up": alone[m] / took,
                    "efficiency": alone[m] / took / count, "efficiency of the model": alone[m] / model / count,
                })  # fmt: skip
            found["workers"][count] = {
                "seconds a step": start, "bytes a second": rate, "steps": rows,
                "wins from": crossing(examples, [row["seconds"] / alone[row["examples"]] for row in rows]),
                "wins from, by the model": crossing(examples, [row["model"] / alone[row["examples"]] for row in rows]),
            }  # fmt: skip
    return found


# ---------------------------------------------------------------- more data than memory


def write(folder: Path, units: int, examples: int) -> tuple[np.memmap, np.memmap]:
    """X and Y as files, example by example; the label is the largest of ten of the inputs."""
    X = np.memmap(folder / "X.dat", np.float32, "w+", shape=(units, examples), order="F")
    Y = np.memmap(folder / "Y.dat", np.float32, "w+", shape=(10, examples), order="F")
    rng = np.random.default_rng(SEED)
    for low in range(0, examples, 2**14):
        block = rng.standard_normal((min(2**14, examples - low), units), dtype=np.float32).T
        X[:, low : low + 2**14] = block
        Y[:, low : low + 2**14] = np.eye(10, dtype=np.float32)[:, block[:10].argmax(axis=0)]
    X.flush()
    Y.flush()
    return np.memmap(folder / "X.dat", np.float32, "r", 0, X.shape, "F"), np.memmap(
        folder / "Y.dat", np.float32, "r", 0, Y.shape, "F"
    )


def peak() -> int:
    """The most memory that this process has had at once, with the pages of files that it looked at."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def held_to(limit: int) -> None:
    """From now on this process gets no more memory of its own than so many bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def large(units: int, examples: int, sizes: list[int], batch_size: int, limit: int) -> dict[str, Any]:
    """An epoch on a file that no worker could hold."""
    with tempfile.TemporaryDirectory() as name, workers(2, memory_limit=limit) as client:
        X, Y = write(Path(name), units, examples)
        client.run(held_to, limit)
        try:
            client.submit(np.zeros, X.shape, np.float32, workers=[next(iter(client.nthreads()))], pure=False).result()
            fits = True
        except MemoryError:
            fits = False
        parameters = {key: x.astype(np.float32) for key, x in initialise(sizes, seed=SEED).items()}
        started, carried = time.perf_counter(), loopback()
        settings = {"learning_rate": 0.1, "batch_size": batch_size, "epochs": 1, "seed": SEED}
        trained = machines.train(client, parameters, X, Y, **settings)
        took, carried = time.perf_counter() - started, loopback() - carried
        again = train(parameters, X, Y, progress=False, **settings) if X.nbytes < limit else None
        return {
            "bytes of the file": X.nbytes, "units": units, "examples": examples, "sizes": sizes, "batch_size": batch_size,
            "limit of a worker": limit, "the file fits a worker": fits, "seconds": took, "bytes carried": carried,
            "steps": -(-examples // batch_size), "cost": trained.history["cost"],
            "peak of each worker": sorted(client.run(peak).values()),
            "farthest from one machine": None if again is None else max(
                float(np.abs(x - again.parameters[key]).max()) for key, x in trained.parameters.items()),
        }  # fmt: skip


def rounded(found: Any) -> Any:
    """Four digits of every time and rate."""
    return json.loads(json.dumps(found), parse_float=lambda text: float(f"{float(text):.4g}"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small, in half a minute; nothing is stored")
    if parser.parse_args().quick:
        small = LARGE | {"examples": 2**16, "limit": 2**29}
        print(json.dumps(rounded({"steps": steps(EXAMPLES[:3], SENT[:3], 5), "large": large(**small)}), indent=1))
    else:
        told = machine(1) | {"distributed": distributed.__version__, "cores": os.cpu_count(), "seed": SEED}
        told = rounded({"machine": told, "steps": steps(EXAMPLES, SENT, 15), "large": large(**LARGE)})
        STORED.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"stored in {STORED.name}")
