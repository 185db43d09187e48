"""Real clusters of worker processes on this machine: the same bits for any number of workers, and when one is killed."""

import inspect
import logging
import os
import pickle
import signal
import socket
import sys
import warnings

import numpy as np
import pytest
from helpers import says

from bpcourse import network
from bpcourse.beyond import machines
from bpcourse.network import initialise, one_hot

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed: pip install -e .[machines]")
dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array", reason="dask.array is not installed: pip install -e .[machines]")

RNG = np.random.default_rng(7)
X = RNG.normal(size=(6, 101))
Y = one_hot(RNG.integers(0, 3, 101), 3)
P = initialise([6, 5, 3], seed=1)
NAMES = {"batch_size": 30, "epochs": 2, "learning_rate": 0.3, "progress": False, "seed": 4}
STEPS = 4 * 2
ALONE = network.train(P, X, Y, **NAMES)


def bits(trained):
    return [x.tobytes() for x in trained.parameters.values()], trained.history


def near(one, other):
    """Equal but for rounding."""
    for name, x in one.parameters.items():
        np.testing.assert_allclose(x, other.parameters[name], rtol=0, atol=1e-12)
    for key, costs in one.history.items():
        np.testing.assert_allclose(costs, other.history[key], rtol=0, atol=1e-12)


def cluster(workers):
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
    )


@pytest.fixture(scope="module")
def client():
    """Two workers, whom no test harms."""
    with cluster(2) as workers, distributed.Client(workers) as client:
        yield client


@pytest.fixture
def mortal():
    """Two workers to kill: one that has died is started again, but if it dies anew as it starts, its nurse may wait for ever."""
    with cluster(2) as workers, distributed.Client(workers) as client:
        yield client


@pytest.fixture(scope="module")
def reached(client):
    """The bits that every other way to the same end has to reach."""
    trained = machines.train(client, P, X, Y, **NAMES)
    near(trained, ALONE)
    return bits(trained)


@pytest.mark.parametrize("workers", [1, 4])
def test_any_number_of_workers_reaches_the_same_bits(reached, workers):
    with cluster(workers) as some, distributed.Client(some) as client:
        assert len(client.nthreads()) == workers
        assert bits(machines.train(client, P, X, Y, **NAMES)) == reached
        if workers == 1:  # nobody is left until it is started again
            with killing(client, 3):
                assert bits(machines.train(client, P, X, Y, **NAMES)) == reached


def test_an_address_will_do(client, reached):
    assert bits(machines.train(client.scheduler.address, P, X, Y, **NAMES)) == reached


def test_a_cluster_for_the_time_of_the_call(reached, monkeypatch):
    monkeypatch.setattr(machines.os, "cpu_count", lambda: 1)
    assert bits(machines.train(None, P, X, Y, **NAMES)) == reached


@pytest.mark.parametrize("shards", [1, 3, 101, 1000])
def test_any_number_of_shards_is_the_same_but_for_rounding(client, shards):
    near(machines.train(client, P, X, Y, **NAMES, shards=shards), ALONE)


def test_shards_are_computed_in_blocks(client, monkeypatch):
    total = machines._answer(P, machines._Piece(0, 101, X, Y, None), lambda x, y, P: {"n": np.array([x.shape[1], 1])})
    assert list(total["n"]) == [101, 1]
    monkeypatch.setattr(machines, "BLOCK", 60)
    total = machines._answer(P, machines._Piece(0, 101, X, Y, None), lambda x, y, P: {"n": np.array([x.shape[1], 1])})
    assert list(total["n"]) == [101, 11]  # ten of 6 units at a time


@pytest.mark.parametrize(
    "names",
    [
        {"batch_size": None}, {"batch_size": 1, "epochs": 1}, {"hidden": "tanh"}, {"until_loss": 1.05},
        {"output": "sigmoid", "loss": "binary_cross_entropy"}, {"output": "identity", "loss": "squared_error"},
        {"validation": (X[:, :20], Y[:, :20])},
    ],
    ids=str,
)  # fmt: skip
def test_every_setting_is_that_of_train(client, names):
    names = NAMES | names
    near(machines.train(client, P, X, Y, **names), network.train(P, X, Y, **names))


def test_float32_stays_and_the_settings_are_those_of_train(client):
    small = {name: x.astype(np.float32) for name, x in P.items()}
    trained = machines.train(client, small, X, Y, **NAMES)
    for name, x in network.train(small, X, Y, **NAMES).parameters.items():
        assert trained.parameters[name].dtype == np.float32
        np.testing.assert_allclose(trained.parameters[name], x, rtol=0, atol=1e-5)
    own, others = (inspect.signature(train).parameters for train in (machines.train, network.train))
    assert [*own] == ["client", *others, "shards"]
    assert all(own[name].default == others[name].default for name in others)


def test_large_parameters_are_sent_without_a_warning(client):
    many = initialise([6, 200_000, 3], seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        near(machines.train(client, many, X, Y, epochs=1, progress=False), network.train(many, X, Y, epochs=1, progress=False))


# ------------------------------------------------------------------------------ where the data lies


def test_files_are_read_where_they_lie(client, tmp_path, reached):
    np.save(tmp_path / "X.npy", np.asfortranarray(X))
    wide = np.memmap(tmp_path / "Y.dat", dtype=np.uint8, mode="w+", offset=5, shape=(110, 3))
    wide[4:105] = Y.T
    files = np.load(tmp_path / "X.npy", mmap_mode="r"), wide[4:105].T
    near(machines.train(client, P, *files, **NAMES), ALONE)
    for file, array in zip(files, (X, Y)):
        placed = machines._File.of(file[:, 20:40])
        assert len(pickle.dumps(placed)) < 500
        np.testing.assert_array_equal(np.asarray(pickle.loads(pickle.dumps(placed))), array[:, 20:40])
    copied = np.load(tmp_path / "X.npy", mmap_mode="c")  # changes to it are not in the file
    copied[0, 0] = X[0, 0]
    assert machines._examples(copied, "X").__class__ is np.ndarray


def test_dask_arrays_are_cut_where_their_chunks_are(client):
    chunked = da.from_array(X, chunks=(4, (50, 0, 30, 21)))
    for labels in da.from_array(Y, chunks=(3, (50, 0, 30, 21))), Y:
        near(machines.train(client, P, chunked, labels, **NAMES), ALONE)
    assert machines._cuts(X, chunked, 8) == [0, 50, 80, 101]


def test_zarr_arrays_are_read_by_the_workers(client, tmp_path):
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    stored = zarr.create_array(tmp_path / "X.zarr", shape=X.shape, chunks=(6, 10), dtype=float)
    stored[:] = X
    near(machines.train(client, P, stored, Y, validation=(X, Y), **NAMES), network.train(P, X, Y, validation=(X, Y), **NAMES))


# ------------------------------------------------------------------------------------- a death


class killing:
    """Kill a worker when its answer of this number is waited for, and again so many times."""

    def __init__(self, client, call, times=1):
        self.client, self.call, self.times = client, call, times

    def __enter__(self):
        self.calls, self.right = 0, machines._Shards._result

        def result(shards, worker, future):
            self.calls += 1
            if self.call <= self.calls < self.call + self.times:
                os.kill(self.client.run(os.getpid, workers=[worker])[worker], signal.SIGKILL)
            return self.right(shards, worker, future)

        machines._Shards._result = result

    def __exit__(self, *_):
        machines._Shards._result = self.right
        assert self.calls >= self.call


@pytest.mark.parametrize("call", [1, 4, 9, 2 * STEPS])
def test_a_worker_killed_in_mid_epoch_loses_nothing(mortal, reached, call):
    with killing(mortal, call):
        assert bits(machines.train(mortal, P, X, Y, **NAMES)) == reached


def test_a_worker_killed_between_two_epochs_loses_nothing(mortal, reached):
    def kill(trained):
        if len(trained.history["cost"]) == 2:
            os.kill(next(iter(mortal.run(os.getpid).values())), signal.SIGKILL)

    assert bits(machines.train(mortal, P, X, Y, after_epoch=kill, **NAMES)) == reached


def test_however_often_a_worker_is_looked_for_its_answer_comes(client, monkeypatch, reached):
    """Waits that are broken off at any moment: the client must still be able to get the next answer."""
    monkeypatch.setattr(machines, "LOOK_SECONDS", 1e-4)
    assert bits(machines.train(client, P, X, Y, **NAMES)) == reached


@pytest.mark.parametrize("kind", ["files", "dask"])
def test_what_is_no_array_in_memory_is_placed_anew_as_well(mortal, tmp_path, kind):
    np.save(tmp_path / "X.npy", np.asfortranarray(X))
    given = np.load(tmp_path / "X.npy", mmap_mode="r") if kind == "files" else da.from_array(X, chunks=(6, 20))
    whole = machines.train(mortal, P, given, Y, **NAMES)
    with killing(mortal, 5):
        assert bits(machines.train(mortal, P, given, Y, **NAMES)) == bits(whole)


def test_a_step_that_kills_its_workers_ends_and_what_was_reached_is_kept(client, mortal, monkeypatch, tmp_path, reached):
    monkeypatch.setattr(machines, "TRIES", 2)
    file = tmp_path / "a.npz"
    with pytest.raises(RuntimeError, match=says("client", "workers that live")), killing(mortal, 9, 99):
        machines.train(mortal, P, X, Y, checkpoint=file, **NAMES)
    assert bits(machines.train(client, P, X, Y, checkpoint=file, resume=True, **NAMES)) == reached


def test_a_stop_in_mid_epoch_and_a_resume_reach_the_same_bits(client, monkeypatch, tmp_path, reached):
    asked, calls = machines._Shards.total, 0

    def interrupted(*args):
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return asked(*args)

    monkeypatch.setattr(machines._Shards, "total", interrupted)
    file = tmp_path / "a.npz"
    with pytest.warns(UserWarning, match="interrupted after 0 whole epochs"):
        stopped = machines.train(client, P, X, Y, checkpoint=file, **NAMES)
    assert len(stopped.history["cost"]) == 1 and (stopped.parameters["W1"] != P["W1"]).any()
    assert bits(machines.train(client, P, X, Y, checkpoint=file, resume=True, **NAMES)) == reached
    with pytest.raises(ValueError, match=says("checkpoint", "cuts")):
        machines.train(client, P, X, Y, checkpoint=file, resume=True, shards=5, **NAMES)
    with pytest.raises(ValueError, match=says("checkpoint", "cuts")):
        network.train(P, X, Y, checkpoint=file, resume=True, **NAMES)


# ---------------------------------------------------------------------------------- what is refused


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "127.0.0.1:{port}", "nowhere", "", "http://127.0.0.1:{port}"])
def test_where_no_scheduler_is_there_is_a_clear_end(monkeypatch, address):
    monkeypatch.setattr(machines, "SCHEDULER_SECONDS", 0.5)
    with pytest.raises(ConnectionError, match=says("client", "the address of a scheduler")):
        machines.train(address.format(port=free_port()), P, X, Y, **NAMES)


def test_a_scheduler_without_workers_is_named(monkeypatch):
    monkeypatch.setattr(machines, "WORKER_SECONDS", 0.5)
    with cluster(0) as none, pytest.raises(ConnectionError, match=says("client", "a worker at")):
        machines.train(none.scheduler_address, P, X, Y, **NAMES)


@pytest.mark.parametrize(("package", "version"), [("bpcourse", "0.9"), ("numpy", "1.0.0")])
def test_a_worker_of_another_version_is_named(client, package, version):
    worker = sorted(client.nthreads())[1]
    own = sys.modules[package].__version__
    client.run(exec, f"import {package}; {package}.__version__ = {version!r}", workers=[worker])
    try:
        with pytest.raises(RuntimeError, match=says("client", f"{package} {own}")) as told:
            machines.train(client, P, X, Y, **NAMES)
        assert f"got {version} on {worker}" in str(told.value)
    finally:
        client.run(exec, f"import {package}; {package}.__version__ = {own!r}", workers=[worker])


def test_what_a_worker_finds_wrong_is_said_at_once_in_its_words(client, tmp_path):
    sick = da.from_array(np.where(np.arange(101) == 77, np.nan, X), chunks=(6, 20))
    with pytest.raises(ValueError, match=r"^X: expected finite numbers"):
        machines.train(client, P, sick, Y, **NAMES)
    with pytest.raises(ValueError, match=says("Y")):
        machines.train(client, P, X, Y * 2, **NAMES)
    np.save(tmp_path / "X.npy", X)
    gone = np.load(tmp_path / "X.npy", mmap_mode="r")
    (tmp_path / "X.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"X\.npy"):
        machines.train(client, P, gone, Y, **NAMES)
    # and the cluster is as it was
    near(machines.train(client, P, X, Y, **NAMES), ALONE)


@pytest.mark.parametrize(("rows", "columns"), [(5, 20), (7, 20), (6, 19), (6, 21)])
def test_a_shard_of_another_shape_than_it_says_is_named(client, rows, columns):
    odd = da.from_delayed(dask.delayed(np.ones)((rows, columns)), shape=(6, 20), dtype=float)
    torn = da.concatenate([da.from_array(X[:, :81], chunks=(6, 27)), odd], axis=1)
    with pytest.raises(ValueError, match=rf"^X: expected \d+ .*got shape \({rows}, {columns}\)"):
        machines.train(client, P, torn, Y, **NAMES)


UNKNOWN = da.from_array(X, chunks=(6, 20))[:, da.from_array(X[0] > 0, chunks=20)]
DASK = da.from_array(X, chunks=(6, (60, 41)))
GOOD = {"parameters": P, "X": X, "Y": Y, **NAMES}


@pytest.mark.parametrize(
    ("names", "argument"),
    [
        ({"X": UNKNOWN}, "X"), ({"X": X[:5]}, "X"), ({"X": X[:, 1:]}, "Y"), ({"X": X[0]}, "X"), ({"X": DASK[0]}, "X"),
        ({"X": DASK[:5]}, "X"), ({"X": DASK.astype(complex)}, "X"),
        ({"X": DASK, "Y": da.from_array(Y, chunks=(3, (41, 60)))}, "Y"),
        ({"X": X * np.nan}, "X"), ({"Y": Y[:2]}, "Y"), ({"X": "a"}, "X"), ({"shards": 0}, "shards"), ({"shards": "a"}, "shards"),
        ({"batch_size": 0}, "batch_size"), ({"epochs": 1.5}, "epochs"), ({"hidden": "a"}, "hidden"), ({"output": 3}, "output"),
        ({"loss": "a"}, "loss"), ({"seed": -1}, "seed"), ({"progress": 1}, "progress"), ({"after_epoch": 1}, "after_epoch"),
        ({"learning_rate": "a"}, "learning_rate"), ({"until_loss": "a"}, "until_loss"),
        ({"validation": (X, Y[:, 1:])}, "validation"),
        ({"parameters": {}}, "parameters"), ({"checkpoint": "a"}, "checkpoint"), ({"resume": True}, "resume"),
    ],
    ids=str,
)  # fmt: skip
def test_odd_arguments_are_refused_before_anything_is_started(names, argument):
    with pytest.raises((ValueError, TypeError), match=says(argument)):
        machines.train("tcp://127.0.0.1:1", **GOOD | names)


@pytest.mark.parametrize("odd", [3, 2.5, [], {}, b"tcp://127.0.0.1:1", True])
def test_an_odd_client_is_refused(odd):
    with pytest.raises(TypeError, match=says("client")):
        machines.train(odd, **GOOD)


def test_without_dask_distributed_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"^client: expected dask\.distributed, .*pip install"):
        machines.train(None, **GOOD)
