"""Derivations, mistakes, and what is said of a number: the package against itself, and against what readers type."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import exercises_of, says
from pages import CHAPTERS as PAGES

from bpcourse import examples, graph, network
from bpcourse.graph import Value
from bpcourse.practice import check, diagnosis
from bpcourse.practice.derivations import Derivation, Given, Step, made
from bpcourse.practice.exercises import CHAPTERS, Ladder, Numbers
from bpcourse.practice.mistakes import MISTAKES
from bpcourse.practice.rules import RULES, each, parts_of, rounded
from bpcourse.practice.worked import of_circuit, of_network

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import diagnosing

WORKED = diagnosing.worked()
BANK = {
    f"{number:02}.{k}": exercise
    for number in CHAPTERS
    for k, exercise in enumerate(exercises_of(number), start=1)
    if isinstance(exercise, Numbers | Ladder)
}
EVERY = {**WORKED, **{label: exercise.derivation for label, exercise in BANK.items()}}

# ------------------------------------------------------------------------ derivations


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["add_then_multiply", "sigmoid_neuron", "three_sigmoids"])
def test_a_circuits_derivation_has_the_values_and_gradients_of_the_graph(name, seed):
    derivation = WORKED[name]
    numbers = derivation.drawn(seed)
    output = getattr(examples, name)()
    nodes = {node.name: node for node in graph.topological_order(output) if node.name}
    settings = {node: numbers[name] for name, node in nodes.items() if node.gate is None}
    values = derivation.run(numbers)
    for name, node in nodes.items():
        np.testing.assert_allclose(values[name], graph.evaluate(node, settings), rtol=1e-12)
        if node is not output:
            slope = graph.evaluate(graph.gradient(output, [node])[0], settings)
            np.testing.assert_allclose(values[f"d{name}"], slope, rtol=1e-12, atol=1e-15)


def test_a_value_that_one_gate_reads_twice_gets_both_paths():
    x = Value(3.0, "x")
    assert of_circuit(x * x).run({"x": 3.0})["dx"] == 6.0


SETTINGS = {
    "three paths": {"hidden": "sigmoid", "output": "sigmoid", "loss": "squared_error"},
    "four-four-two": {"hidden": "sigmoid", "output": "softmax", "loss": "squared_error"},
    "with cross-entropy": {"hidden": "sigmoid", "output": "softmax", "loss": "cross_entropy"},
    "with relu": {"hidden": "relu", "output": "identity", "loss": "half_squared_error"},
    "a batch with tanh": {"hidden": "tanh", "output": "softmax", "loss": "cross_entropy"},
}


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_networks_derivation_has_the_numbers_of_the_package(name, seed):
    hidden, output, loss = SETTINGS[name].values()
    numbers = WORKED[name].drawn(seed)
    values = WORKED[name].run(numbers)
    parameters = {key: numbers[key] for key in numbers if key[0] in "Wb"}
    X, Y = (numbers[key] for key in (("X", "Y") if "X" in numbers else ("x", "y")))
    cache = network.forward(X, parameters, hidden, output)
    grads = network.backpropagation(cache, Y, parameters, hidden, output, loss)
    stepped = network.update(parameters, grads, numbers["eta"])
    whole = X.shape[1] > 1
    same = {"cost" if whole else "loss": network.cost(cache, Y, loss), **{f"{key}_new": stepped[key] for key in parameters}}
    for key, array in {**cache, **grads}.items():
        here = key if whole or key[:2] in ("dW", "db") else key.replace("dZ", "delta").replace("Z", "z").replace("A", "a")
        if here in values and here not in ("A0", "a0"):
            same[here] = array
    assert len(same) >= 1 + 3 * len(parameters)
    for key, right in same.items():
        np.testing.assert_allclose(np.squeeze(values[key]), np.squeeze(right), rtol=1e-12, atol=1e-15, err_msg=key)
    for entry in [key for key in values if key.startswith("dw_")]:
        l, j, k = map(int, entry.removeprefix("dw_"))
        assert np.isclose(values[entry], grads[f"dW{l}"][j - 1, k - 1], rtol=1e-12)


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "identity"])
@pytest.mark.parametrize("output, loss", [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy"),
                                          ("identity", "half_squared_error")])  # fmt: skip
def test_the_short_way_back_and_the_long_way_agree(hidden, output, loss):
    rng = np.random.default_rng(0)
    parameters = network.initialise([3, 4, 2], seed=1)
    X, Y = rng.normal(size=(3, 5)), np.eye(2)[:, [0, 1, 1, 0, 0]]
    short, long = (of_network(parameters, X, Y, hidden, output, loss, matched=way) for way in (True, False))
    for name in ("dW1", "db1", "dW2", "db2"):
        np.testing.assert_allclose(short.run(short.drawn())[name], long.run(long.drawn())[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", EVERY)
def test_fresh_numbers_are_repeatable_and_the_books_are_seed_0(name):
    derivation = EVERY[name]
    book = {given.name: given.value for given in derivation.givens}
    assert all(np.array_equal(derivation.drawn(0)[key], book[key]) for key in book)
    for seed in 1, 2:
        one, again = derivation.drawn(seed), derivation.drawn(seed)
        assert all(np.array_equal(one[key], again[key]) for key in one)
        for given in derivation.givens:
            drawn = np.ravel(one[given.name])
            if given.low is not None:
                assert (drawn != 0).all() and (drawn >= given.low / 10**given.decimals - 1e-12).all()
                assert (drawn <= given.high / 10**given.decimals + 1e-12).all()


def test_what_is_put_is_gone_on_from_and_only_what_is_needed_is_run():
    way = WORKED["add_then_multiply"]
    assert way.run(way.drawn(), put={"q": 10.0})["f"] == -40.0
    assert "dz" not in way.run(way.drawn(), upto="f") and [step.name for step in way.before("f")] == ["q", "f"]


GIVEN = (Given("x", "x", 2.0),)


@pytest.mark.parametrize(
    "steps",
    [
        (Step("x", "x", "square", {"x": "x"}),),
        (Step("y", "y", "square", {"x": "z"}),),
        (Step("y", "y", "square", {}),),
        (Step("y", "y", "square", {"x": "y"}),),
        (Step("y", "y", "square", {"x": "x"}), Step("y", "y", "square", {"x": "x"})),
    ],
)
def test_a_derivation_of_what_is_not_there_is_refused(steps):
    with pytest.raises(ValueError, match=says("steps")):
        Derivation(GIVEN, steps)


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, np.nan])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises((ValueError, TypeError), match=says("seed")):
        WORKED["four-four-two"].drawn(seed)


# ------------------------------------------------------------------------ mistakes

HEADINGS = {path.stem[:2]: re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) for path in PAGES}


def where(mistake):
    return f"{mistake.name} ({mistake.rules[0] if mistake.rules else 'no rule'})"


@pytest.mark.parametrize("mistake", MISTAKES, ids=where)
def test_a_mistake_has_rules_words_and_a_place_in_the_book(mistake):
    assert mistake.rules and set(mistake.rules) <= set(RULES)
    assert mistake.name and mistake.why.endswith(".") and mistake.see.endswith((".", "?"))
    assert mistake.section in HEADINGS[mistake.chapter], HEADINGS[mistake.chapter]


def test_the_catalogue_holds_thirty_mistakes_and_more():
    assert len({mistake.name for mistake in MISTAKES}) >= 30


def changes(mistake, derivation):
    """Whether the mistake changes the value of a step where it is made."""
    for seed in range(4):
        numbers = derivation.drawn(seed)
        for step in derivation.steps:
            if mistake.applies(step) and any(
                cause.mistakes == (mistake,) and cause.steps == (step.name,)
                for cause in diagnosis.causes(derivation, numbers, step.name)
            ):
                return True
    return False


def alone(mistake, rng):
    """A derivation of the one step where the mistake is made, with random arrays or numbers for its parts."""
    for rule in mistake.rules:
        needed = {*parts_of(RULES[rule].formula), *parts_of(mistake.formula)}
        yield from (
            Derivation(
                tuple(Given(part, part, whole.get(part, value(part))) for part in needed if part not in constants),
                (Step("out_", "o", rule, {p: p for p in needed if p not in constants}, constants),),
            )
            for value in (
                lambda part: rng.uniform(0.2, 0.9),
                lambda part: rng.uniform(-0.9, -0.2),
                lambda part: rng.uniform(0.2, 0.9, size=(2, 1 if part == "b" else 2)),
                lambda part: rng.uniform(0.2, 0.9, size=(3, 3)),
            )
            for whole in ({"f": lambda x: each("exp", x), "eps": 0.1},)
            for constants in ({k: v for k, v in {"row": 1, "column": 2, "n": 3}.items() if k in needed},)
        )


@pytest.mark.parametrize("mistake", MISTAKES, ids=where)
def test_a_mistake_changes_the_value_of_a_step(mistake):
    assert any(changes(mistake, derivation) for derivation in EVERY.values()) or changed_alone(mistake)


def changed_alone(mistake):
    for derivation in alone(mistake, np.random.default_rng(0)):
        try:
            if changes(mistake, derivation):
                return True
        except (ValueError, TypeError, IndexError, AttributeError):  # this shape of numbers does not fit the rule
            continue
    return False


def test_a_mistake_that_changes_nothing_is_told_from_one_that_does():
    (one,) = [m for m in MISTAKES if m.name == "factor 2 lost" and "slope of squared error" in m.rules]
    idle = one._replace(formula=RULES["slope of squared error"].formula)
    assert not changed_alone(idle)


def test_a_rounded_number_is_written_with_gates():
    assert rounded(2.0 / 3, 4) == pytest.approx(0.6667, abs=1e-12)


# ------------------------------------------------------------------------ what is typed


@pytest.mark.parametrize(
    "text, value, digits",
    [
        ("0.065", 0.065, 2), ("-0.0651", -0.0651, 3), ("−0.0651", -0.0651, 3), ("–0.0651", -0.0651, 3),
        ("- 0.0651", -0.0651, 3), ("+3", 3, 1), ("0,065", 0.065, 2), ("-0,065", -0.065, 2), (".5", 0.5, 1), ("5.", 5, 1),
        ("6.51e-2", 0.0651, 3), ("6.51E-2", 0.0651, 3), ("6.51×10^-2", 0.0651, 3), ("6.51 × 10^−2", 0.0651, 3),
        ("6,51·10^-2", 0.0651, 3), ("6.51*10**-2", 0.0651, 3), ("6.51 x 10^{-2}", 0.0651, 3), ("6.51 × 10^(-2)", 0.0651, 3),
        ("3/8", 0.375, 15), ("-3 / 8", -0.375, 15), ("−1/3", -1 / 3, 15), ("0.0", 0, 0), ("  2.50  ", 2.5, 3),
    ],
)  # fmt: skip
def test_a_number_is_read_as_readers_type_it(text, value, digits):
    (number,) = diagnosis.read(text).numbers
    assert number.value == pytest.approx(value, rel=1e-15) and number.digits == digits


@pytest.mark.parametrize(
    "text, size, values",
    [
        ("1 2 3", 3, [1, 2, 3]), ("1, 2, 3", 3, [1, 2, 3]), ("1,2,3", 3, [1, 2, 3]), ("1;2;3", 3, [1, 2, 3]),
        ("[1, 2]", 2, [1, 2]), ("[[1, 2], [3, 4]]", 4, [1, 2, 3, 4]), ("(0,5; 0,25)", 2, [0.5, 0.25]),
        ("0,5 0,25", 2, [0.5, 0.25]), ("0.5,0.25", 2, [0.5, 0.25]), ("1\n2", 2, [1, 2]), ("1,5", 1, [1.5]), ("1,5", 2, [1, 5]),
        ("1/2, 3/4", 2, [0.5, 0.75]), ("-1 -2", 2, [-1, -2]),
    ],
)  # fmt: skip
def test_several_numbers_are_parted_as_readers_part_them(text, size, values):
    assert [number.value for number in diagnosis.read(text, size).numbers] == values


@pytest.mark.parametrize("given, shape", [([1, 2], (2,)), (np.array([[1.0], [2.0]]), (2, 1)), ([[1, 2]], (1, 2))])
def test_an_array_keeps_its_shape(given, shape):
    answer = diagnosis.read(given, 2)
    assert answer.shape == shape and [number.value for number in answer.numbers] == [1, 2]


NONSENSE = [
    "", "  ", "a", "x + 1", "2+2", "1/0", "1e", "--3", "1.2.3", "1,2,3", "nan", "NaN", "inf", "-inf", "∞", "1_000", "0x10",
    "1e400",
    "1" + "0" * 400, "-1e999", "9" * 5000, "1/" + "0" * 400, "[]", "()", ";", ",", "e5", "10^", "√2", "²", "٣", "½", "\x00",
    "<b>1</b>",
    None, True, False, np.nan, np.inf, 10**400, -(10**400), [], {}, {"a": 1}, object(), lambda: 1, [1, "a"], [[1, 2], [3]],
    np.array([np.nan]), np.array(["a"]), b"1", 1j, [1, 2, 3, 4, 5],
]  # fmt: skip


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_refused_in_a_sentence_of_our_own(answer):
    with pytest.raises((ValueError, TypeError)) as refused:
        check("07.3" if len(exercises_of(7)) > 2 else "07.1", answer)
    assert re.match(r"(?s)^[\w ]+: expected .+, got ", str(refused.value)), refused.value
    assert len(str(refused.value)) < 400
    assert refused.traceback[-1].path.name in ("checks.py", "diagnosis.py", "exercises.py")


# ------------------------------------------------------------------------ the verdict

W212 = WORKED["four-four-two"]
DW = WORKED["four-four-two"].run(WORKED["four-four-two"].drawn())["dw_212"]  # −0.130377


def said_of(answer, name="dw_212", way=W212, seed=0, put=None):
    return diagnosis.verdict(way, way.drawn(seed), name, answer, put)


@pytest.mark.parametrize(
    "answer, kind, accepted",
    [
        (DW, "right", True), ("-0.1304", "right", True), ("-0.13", "right", True), ("-0.1303", "right", True),  # cut off
        ("-0.1", "more", False), ("-0.1305", "unknown", False), ("0.1304", "mistake", False),
        ("-0.06519", "mistake", False), ("-0.065", "perhaps", False), ("0.02915", "mistake", False), ("7", "unknown", False),
    ],
)  # fmt: skip
def test_how_sure_a_verdict_is_depends_on_the_digits(answer, kind, accepted):
    verdict = said_of(answer)
    assert (verdict.kind, verdict.accepted) == (kind, accepted), verdict


def test_all_mistakes_that_give_the_number_are_told():
    """One path of two, and a lost factor 2, both give half of it; a spurious factor alone gives the notes' number."""
    half = said_of("-0.06519")
    assert {"factor 2 lost", "cross path of the softmax dropped"} <= set(half.mistakes)
    assert all(name in half.text for name in half.mistakes) and " Or: " in half.text and "(Chapter 7.)" in half.text
    assert said_of("0.02915").mistakes == ("a spurious factor",)
    assert "Give two more digits" in said_of("-0.065").text


def test_a_short_number_that_a_mistake_gives_exactly_is_not_right_yet():
    """The predicted output 12.25 for the new one, 12.2512: with all its digits it is another number."""
    assert check("01.4", f_new="12.25").verdicts["f_new"].kind == "more"
    assert check("01.4", f_new="12.2500").verdicts["f_new"].mistakes == ("prediction taken for the new output",)
    assert check("01.4", f_new="12.251").accepted and check("01.4", f_new="12.2512").accepted


def test_signs_of_an_array_are_told():
    assert "signs are not" in str(check("11.1", da1=[0.25, 0.38]))


def test_two_mistakes_are_named_from_five_digits_on():
    halves = {"factor 2 lost", "z taken for a"}
    both = DW / 2 / W212.run(W212.drawn())["a1"][1, 0] * W212.run(W212.drawn())["z1"][1, 0]
    verdict = said_of(f"{both:.6f}")
    assert verdict.kind == "two" and halves <= set(verdict.mistakes), verdict
    assert said_of(f"{both:.3e}").kind == "unknown"


def test_rounding_in_between_is_told_from_a_mistake():
    """Three sigmoids on paper, with three decimals a line: a number that no one may call a mistake."""
    way = WORKED["three_sigmoids"]
    values = way.drawn()
    for step in way.before("dw3"):
        values[step.name] = made(RULES[step.rule].formula, step, values)
        if step.name != "dw3":
            values[step.name] = round(values[step.name], 3)
    verdict = said_of(f"{values['dw3']:.6f}", "dw3", way)
    assert verdict.kind == "rounded" and verdict.accepted and verdict.mistakes == ("rounding in between",)


@pytest.mark.parametrize(
    "answer, told",
    [("5", "The sign is wrong"), ("-5", "too large in size, ten times or more"),
     ("-0.2111", "too large in size, less than twice"),
     ("-0.0555", "too small in size, less than ten times"), ("-0.13105", "by less than 1 %")],
)  # fmt: skip
def test_what_is_not_explained_is_told_how_far_off_it_is(answer, told):
    verdict = said_of(answer)
    assert verdict.kind == "unknown" and told in verdict.text and not verdict.mistakes
    assert f"{abs(DW):.3g}" not in verdict.text


def test_what_follows_from_the_readers_own_number_is_accepted():
    put = {"delta2": np.array([[-0.25], [0.25]])}
    follows = 0.25 * W212.run(W212.drawn())["a1"][1, 0]
    verdict = said_of(f"{-follows:.4f}", put=put)
    assert verdict.kind == "follows" and verdict.accepted
    assert not said_of(f"{-follows:.4f}").accepted
    assert "z taken for a" in said_of(f"{-0.25 * W212.run(W212.drawn())['z1'][1, 0]:.4f}", put=put).mistakes


def test_an_array_may_be_given_in_rows_and_its_transpose_is_told():
    way = WORKED["a batch with tanh"]
    W = way.run(way.drawn())["dW1"]
    assert said_of(W, "dW1", way).accepted and said_of(W.tolist(), "dW1", way).accepted
    assert said_of(W.ravel(), "dW1", way).accepted
    assert said_of(W.T, "dW1", way).mistakes == ("transposed",)
    wrong = W.copy()
    wrong[0, 0] += 1
    assert "15 of 16 numbers are right" in said_of(wrong, "dW1", way).text
    with pytest.raises(ValueError, match=says("answer")):
        said_of([1, 2], "dW1", way)


def test_a_zero_is_right_and_what_is_none_is_told():
    x, y = Value(-2.0, "x"), Value(3.0, "y")
    way = of_circuit(graph.maximum(x, y).named("m") * Value(2.0, "k"))
    assert said_of("0", "dx", way).accepted and said_of("0.00", "dx", way).accepted
    assert "too large in size" in said_of("7", "dx", way).text and "0" not in said_of("7", "dx", way).text


# ------------------------------------------------------------------------ an error carried forward

STEPS = {label: tuple(e.steps if isinstance(e, Ladder) else e.asks) for label, e in BANK.items()}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("label", [label for label, asks in STEPS.items() if len(asks) > 1])
def test_a_wrong_step_does_not_spoil_what_follows(label, seed):
    asks, derivation = STEPS[label], BANK[label].derivation
    numbers = derivation.drawn(seed)
    true = derivation.run(numbers)
    for k, name in enumerate(asks):
        wrong = np.reshape([float(f"{2.37 * x + 0.11:.5e}") for x in np.ravel(true[name])], np.shape(true[name]))[()]
        try:
            own = derivation.run(numbers, {name: wrong})
        except ValueError:  # a number of which there is no logarithm
            continue
        answers = {one: wrong if one == name else own[one] for one in asks}
        typed = {one: [float(f"{x:.6e}") for x in np.ravel(value)] for one, value in answers.items()}
        typed = {one: values[0] if np.ndim(true[one]) == 0 else values for one, values in typed.items()}
        verdicts = check(label, seed=seed, **typed).verdicts
        for place, one in enumerate(asks):
            if one == name:
                assert not verdicts[one].accepted
            else:
                moved = not np.allclose(own[one], true[one], rtol=1e-6, atol=1e-12)
                assert verdicts[one].accepted, (label, name, one, verdicts[one])
                assert not moved or (verdicts[one].kind == "follows" and place > k), (one, verdicts[one].kind)
                assert not moved or f"your step {k + 1}" in verdicts[one].text


@pytest.mark.parametrize("digits", [3, 4, 5])
@pytest.mark.parametrize("label", [label for label, asks in STEPS.items() if len(asks) > 1])
def test_who_goes_on_with_what_she_wrote_down_is_right(label, digits):
    """Each step from the numbers as typed, rounded to so many digits."""
    derivation, typed, answers = BANK[label].derivation, {}, {}
    numbers = derivation.drawn()
    for name in STEPS[label]:
        try:
            value = derivation.run(numbers, typed)[name]
        except ValueError:  # rounded to a number of which there is no logarithm
            return
        answers[name] = " ".join(f"{float(x):#.{digits}g}" for x in np.ravel(value))
        typed[name] = np.reshape([float(x) for x in answers[name].split()], np.shape(value))[()]
    report = check(label, **answers)
    if (label, digits) == ("01.4", 4):  # 12.25 is just what the prediction gives: too few digits to tell
        assert [name for name, verdict in report.verdicts.items() if not verdict.accepted] == ["f_new"], report
    else:
        assert report.accepted, report


def test_an_own_number_that_has_no_logarithm_is_answered():
    """A probability of 1.44, and then other numbers: each gets its sentence."""
    verdicts = check("10.4", "1.44", "2.9", "5.1", "0.3").verdicts
    assert not any(verdict.accepted for verdict in verdicts.values())
    assert "too large" in verdicts["a"].text


# ------------------------------------------------------------------------ how many are named, how many accused


def test_95_of_100_mistakes_are_named_and_of_100_random_numbers_not_one_is_accused():
    pool = diagnosing.pool()
    named, missed = diagnosing.mistaken(pool, 1000, digits=4)
    assert named >= 0.95, "\n".join(missed)
    share, blamed = diagnosing.accused(pool, 1000, digits=4)
    assert share <= 0.01, "\n".join(blamed)
