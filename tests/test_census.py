"""The census of bugs and the page on debugging: what the stored rows and the page say is what the broken code does."""

import ast
import contextlib
import io
import json
import re
import sys

import numpy as np
import pages
import pytest

import bpcourse
from bpcourse import network
from bpcourse.practice.injections import INJECTIONS, injected

sys.path.append(str(pages.ROOT / "benchmarks"))
import census

STORED = json.loads(census.STORED.read_text(encoding="utf-8"))
ROWS = {row["mistake"]: row for row in STORED["rows"] if row["mistake"] != census.RIGHT}

# ------------------------------------------------------------------------ the package with a mistake in it


def test_a_mistake_is_loaded_beside_the_right_package():
    x, parameters = np.ones((2, 3)), network.initialise([2, 2])
    cache, Y = network.forward(x, parameters), np.eye(2)[:, [0, 1, 1]]
    before = dict(sys.modules)
    broken = injected("sign of the slope")
    assert sys.modules == before and bpcourse.network is network is not broken
    right, wrong = (net.backpropagation(cache, Y, parameters)["dZ1"] for net in (network, broken))
    assert np.array_equal(wrong, -right) and wrong.any()


def test_a_mistake_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"mistake: expected one of .*, got 'a typo'"):
        injected("a typo")


# ------------------------------------------------------------------------ the census


def test_every_mistake_has_a_row_or_touches_no_training():
    assert sorted([*ROWS, *STORED["untouched"]]) == sorted(one.mistake for one in INJECTIONS)
    assert (STORED["sizes"], STORED["seeds"], STORED["epochs"]) == (census.SIZES, census.SEEDS, census.EPOCHS)


def test_no_check_accuses_the_right_code():
    rights = [row for row in STORED["rows"] if row["mistake"] == census.RIGHT]
    assert [census.Setting(**row["setting"]) for row in rights] == census.SETTINGS
    assert all(set(row["said"].values()) == {None} and row["outcome"] == "learns" for row in rights)


@pytest.mark.parametrize("setting", census.SETTINGS, ids=lambda setting: setting.loss)
def test_the_checks_pass_the_right_code_today(setting):
    assert {name: census.asked(check, network, setting) for name, check in census.CHECKS.items()} == dict.fromkeys(census.CHECKS)


@pytest.mark.parametrize("check", [*census.CHECKS, "loss"])
def test_every_check_catches_a_mistake_and_misses_another(check):
    caught = {row["said"][check] is not None for row in ROWS.values()}
    assert caught == {True, False}


def test_what_the_page_says_in_words_stands_in_the_rows():
    seen = {check: {name for name, row in ROWS.items() if row["said"][check]} for check in [*census.CHECKS, "loss"]}
    learning = {name for name, row in ROWS.items() if row["outcome"].startswith("learns")}
    unseen, quiet = set(ROWS) - seen["gradient check"], {"biases not updated"}
    assert len(learning) > len(ROWS) / 2 and unseen & learning == quiet and unseen - seen["one batch"] == quiet
    assert set(ROWS) - set.union(*seen.values()) == quiet
    assert seen["loss"] & learning == seen["one batch"] & learning == {"minus of the cross-entropy lost"}
    assert seen["shapes"] == {"mean over the units in place of the examples"}
    only_shown = {"½ forgotten", "sum taken for mean", "minus of the cross-entropy lost", "only the label's own term"}
    assert {ROWS[name]["outcome"] for name in only_shown} == {"learns"}
    roughly = ["a path forgotten", "z taken for a", "transposed weight", "activation's slope forgotten"]
    assert learning.issuperset(roughly) and ROWS["relu's value taken for its slope"]["outcome"] == "fails"


def close(stored: float | None, now: float | None) -> bool:
    return stored == now or bool(stored and now and np.isclose(stored, now, rtol=1e-3))


@pytest.mark.parametrize(
    "mistake, seed",
    [("a path forgotten", 2), ("1/m lost", 1), ("sign of the slope", 3), ("biases not updated", 5), ("factor 2 lost", 4)],
)
def test_a_sample_of_the_census_is_what_comes_out_today(mistake, seed):
    row, broken, k = ROWS[mistake], injected(mistake), STORED["seeds"].index(seed)
    setting = census.Setting(**row["setting"])
    run = census.trained(broken, setting, seed)
    assert (round(run.accuracy[-1], 4), run.epochs, run.error) == (row["accuracy"][k], row["epochs"][k], row["errors"][k])
    assert close(row["cost"][k], run.cost[-1])
    said = {name: census.asked(check, broken, setting) is not None for name, check in census.CHECKS.items()}
    assert said == {name: row["said"][name] is not None for name in census.CHECKS}


@pytest.mark.parametrize("mistake", ["= for += at a fork", "not divided by the nudge"])
def test_a_mistake_outside_the_network_touches_no_training(mistake):
    assert mistake in STORED["untouched"] and census.setting_of(injected(mistake)) is None


def run(accuracy: list[float], error: str | None = None) -> census.Run:
    return census.Run(accuracy, [1.0] * len(accuracy), error)


def test_outcomes_are_told_apart():
    right = [run([0.1, 0.91, 0.97])] * 2
    assert census.outcome(right, right) == "learns"
    assert census.outcome([run([0.1, 0.91, 0.955])] * 2, right) == "learns worse"
    assert census.outcome([run([0.1, 0.8, 0.97])] * 2, right) == "learns worse"
    assert census.outcome([right[0], run([0.1, 0.5, 0.8])], right) == "fails"
    assert census.outcome([right[0], run([0.1], "stopped")], right) == "stops"


@pytest.mark.parametrize("costs, caught", [([2, 1, 0.5], False), ([2, 1.9, 1.1], True), ([2, 0.3, 0.6], True), ([-2, -1], True)])
def test_watching_the_loss_sees_what_does_not_fall(costs, caught):
    assert (census.watching([census.Run([], costs, None)]) is not None) is caught


# ------------------------------------------------------------------------ the page on debugging

PAGE = pages.read(pages.ROOT / "book" / "debugging-by-gradients.md")


CODE = [cell.source for cell in PAGE.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def page():
    """The page's first cell, and the functions of all others; nothing is trained."""
    space = {}
    exec(CODE[0], space)
    for source in CODE[1:]:
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        exec(compile(ast.Module(functions, []), "page", "exec"), space)
    return space


TOLD = {  # a test of the page, and the mistake that it is for
    "goes_downhill": "sign of the update",
    "step_of_zero": "step taken for the new weight",
    "two_are_one_and_one": "old activation used after the step",
    "known_answer": "sigmoid taken for softmax",
    "labels_come_back": "labels by the wrong axis",
    "half_the_rate_half_the_step": "learning rate forgotten",
    "everyone_twice_changes_nothing": "1/m lost",
    "every_entry": "a path forgotten",
    "everything_moves": "biases not updated",
}


@pytest.mark.parametrize("test, mistake", TOLD.items())
def test_the_one_test_that_tells_fails_on_the_mistake_alone(page, test, mistake):
    assert page[test](network) and not page[test](injected(mistake))


def test_every_test_of_the_page_is_asked():
    assert set(re.findall(r"^verdict\((\w+)", "\n".join(CODE), re.M)) == set(TOLD)


def costs_of(page, mistake, **settings):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        reached = page["watch"](injected(mistake) if mistake else network, **settings)
    return reached, np.array(reached.history["cost"]), said.getvalue()


def test_the_loss_overflows(page):
    _, costs, said = costs_of(page, "sign of the update", **page["all_at_once"])
    assert (np.diff(costs) > 0).all() and costs[-1] > 1e100 and "overflow" in said


def test_the_loss_is_flat(page):
    _, costs, _ = costs_of(page, "step taken for the new weight", **page["batches"])
    assert np.abs(costs[1:] - np.log(10)).max() < 0.01


def test_the_loss_falls_then_rises(page):
    _, costs, _ = costs_of(page, "old activation used after the step", **page["slowly"])
    assert 0 < costs.argmin() < len(costs) - 1 and min(costs[0], costs[-1]) > costs.min() + 0.2
    assert (np.diff(costs[costs.argmin() + 3 :]) > 0).all()


def test_the_accuracy_is_at_chance_while_the_loss_moves(page):
    reached, costs, _ = costs_of(page, "sigmoid taken for softmax", **page["batches"])
    assert page["accuracy"](reached) < 0.2 and np.ptp(costs) > 0.5


def test_one_class_is_said_and_the_loss_is_fine(page):
    reached, costs, _ = costs_of(page, "labels by the wrong axis", **page["batches"])
    assert set(network.predict(page["data"].X_test, reached.parameters)) == {0} and costs[-1] < 1e-3


def test_units_die(page):
    good, bad = (costs_of(page, mistake, **page["batches"])[0] for mistake in (None, "learning rate forgotten"))
    assert max(page["dead"](good)) < 0.1 and min(page["dead"](bad)) > 0.7


def test_one_image_at_a_time_hides_a_lost_mean(page):
    one = {"learning_rate": 0.05, "batch_size": 1, "epochs": 1}
    (good, *_), (bad, *_) = costs_of(page, None, **one), costs_of(page, "1/m lost", **one)
    assert all(np.array_equal(good.parameters[name], bad.parameters[name]) for name in good.parameters)
    many = one | {"batch_size": 32, "epochs": 6}
    assert page["accuracy"](costs_of(page, None, **many)[0]) > 0.9 > 0.2 > page["accuracy"](costs_of(page, "1/m lost", **many)[0])


def test_a_silent_mistake_is_silent(page):
    longer = page["batches"] | {"epochs": 30}
    good, bad = (page["accuracy"](costs_of(page, mistake, **longer)[0]) for mistake in (None, "a path forgotten"))
    assert abs(good - bad) < 0.02
