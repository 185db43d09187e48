import itertools
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import build_smooth, expressions, says
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcourse import examples, figures
from bpcourse.figures import (
    COLOURS,
    GRADIENT,
    VALUE,
    axes,
    cells,
    circuit,
    confusion_matrix,
    cost_curves,
    curve,
    images,
    number,
    pretty,
    shapes,
    tangent,
    themed,
)
from bpcourse.graph import Value, exp, sigmoid, sqrt, topological_order
from bpcourse.network import initialise
from bpcourse.pictures import words
from bpcourse.pictures.svg import STYLE

SVG = "{http://www.w3.org/2000/svg}"
NET = (examples.FOUR_FOUR_TWO, examples.FOUR_FOUR_TWO_X, examples.FOUR_FOUR_TWO_Y)
SIGMOIDS = {"hidden": "sigmoid", "loss": "squared_error"}


def texts(picture):
    return ["".join(element.itertext()) for element in ET.fromstring(picture.svg).iter(f"{SVG}text")]


def ids(picture):
    return re.findall(r'\bid="([^"]*)"', picture.svg)


def plot(shift=0.0):
    figure, ax = axes()
    ax.plot([1, 2, 3], [shift, 2, 4], label="a < b & c")
    ax.set(xlabel="x", title="a title")
    ax.legend()
    return figure


# ------------------------------------------------------------------- circuits


def test_a_circuit_shows_names_values_and_gradients():
    shown = texts(circuit(examples.add_then_multiply()))
    assert {"x", "y", "z", "q", "f", "+", "×"} <= set(shown)
    assert {"−2", "5", "−4", "3", "−12"} <= set(shown)
    assert shown.count("−4") == 4  # the value of z; the gradients of x, y and q
    assert shown.count("3") == 2  # the value of q; the gradient of z
    assert shown.count("1") == 1  # the gradient of f


def test_values_and_gradients_have_their_colours():
    root = ET.fromstring(circuit(examples.add_then_multiply()).svg)
    colours = {}
    for element in root.iter(f"{SVG}text"):
        colours.setdefault(element.get("fill"), []).append(element.text)
    assert {"−2", "5", "3", "−12"} <= set(colours["var(--bp-value)"])
    assert sorted(text for text in colours["var(--bp-gradient)"] if "below" not in text) == ["1", "3", "−4", "−4", "−4"]


def test_the_value_stands_above_a_wire_and_the_gradient_below():
    x = Value(2.5, "x")
    root = ET.fromstring(circuit(exp(x) * 3).svg)
    y_of = {element.text: float(element.get("y")) for element in root.iter(f"{SVG}text")}
    assert y_of["2.5"] < y_of["x"] < y_of[number(3 * math.exp(2.5))]


def test_a_circuit_without_gradients_shows_none():
    picture = circuit(examples.add_then_multiply(), gradients=False)
    assert "--bp-gradient)" not in picture.svg and "gradient" not in picture.description
    assert "−12" in texts(picture)


def test_a_piece_of_a_circuit_shows_the_gradients_of_the_whole():
    whole = examples.three_sigmoids()
    whole.backward()
    nodes = {node.name: node for node in topological_order(whole)}
    w2, h1, h2 = nodes["w2"], nodes["h1"], nodes["h2"]
    piece = (sigmoid(Value(w2.value, "w2") * Value(h1.value, "h1"))).named("h2")
    drawn = texts(circuit(piece, upstream=h2.grad))
    for node in w2, h1, nodes["z2"], h2:
        assert number(node.grad) in drawn
    with pytest.raises(TypeError, match="upstream: expected a number"):
        circuit(piece, upstream="2")


def test_where_a_value_forks_the_sum_stands_below_it():
    x = Value(3, "x")
    shown = texts(circuit(x * x))
    assert "Σ 6" in shown and shown.count("3") == 4


@settings(max_examples=40)
@given(expressions())
def test_circuits_are_well_formed_and_show_every_value(expression):
    _, output = build_smooth(*expression)
    output.backward()
    picture = circuit(output)
    shown = texts(picture)
    assert number(output.value) in shown
    for node in topological_order(output):
        if node.gate is not None:
            assert number(node.value) in shown and node.gate.symbol in shown
        elif node.name is not None:
            assert pretty(node.name) in shown
            assert any(number(node.grad) in text for text in shown)
    assert all(math.isfinite(float(n)) for n in re.findall(r'\b(?:x|y|cx|cy|width|height)="([^"]*)"', picture.svg))
    assert "nan" not in picture.svg and "inf" not in picture.svg


@settings(max_examples=20)
@given(expressions())
def test_drawing_a_circuit_twice_gives_the_same_bytes(expression):
    recipe, point = expression
    (_, first), (_, second) = build_smooth(recipe, point), build_smooth(recipe, point)
    assert circuit(first).svg == circuit(first).svg == circuit(second).svg


def test_a_circuit_leaves_the_graph_alone():
    f = examples.add_then_multiply()
    order = topological_order(f)
    for i, node in enumerate(order):
        node.grad = float(i)
    circuit(f)
    assert [node.grad for node in order] == [0, 1, 2, 3, 4]
    assert topological_order(f) == order


@pytest.mark.parametrize("name", ["<a>", "a & b", '"', "'", "]]>", "&lt;", "-->", "", "ŷ", "x y", "a\nb"])
def test_names_are_escaped(name):
    picture = circuit(Value(2, name) * 3)
    assert name in texts(picture)
    assert re.sub(r"\s", " ", name) in re.sub(r"\s", " ", ET.fromstring(picture.svg).get("aria-label"))
    picture = circuit((Value(2) * 3).named(name))
    assert name in texts(picture)


@pytest.mark.parametrize("name", ["a\x00b", "\x1b[0m"])
def test_characters_that_xml_cannot_hold_do_not_break_a_picture(name):
    ET.fromstring(circuit(Value(2, name) * 3).svg)


def test_an_input_alone_is_a_circuit():
    assert "2" in texts(circuit(Value(2)))


def test_large_circuits_are_refused():
    x = v = Value(0.5, "x")
    for _ in range(figures.LARGEST_CIRCUIT - 1):
        v = exp(-v) if v is x else -v
    assert len(topological_order(v)) == figures.LARGEST_CIRCUIT + 1
    with pytest.raises(ValueError, match=says("v", "120")):
        circuit(v)
    circuit(v.inputs[0])


@pytest.mark.parametrize("bad", [3.0, None, "v"])
def test_only_values_have_circuits(bad):
    with pytest.raises(TypeError, match=says("v", "Value")):
        circuit(bad)


def test_a_notebook_shows_a_graph_too_large_to_draw_as_text():
    """`_repr_svg_` returns None then: a traceback under the cell would look like the reader's mistake."""
    x = v = Value(0.5, "x")
    for _ in range(200):
        v = v + x
    assert v._repr_svg_() is None


def test_a_notebook_shows_a_graph_without_a_finite_gradient():
    shown = sqrt(Value(0.0, "x"))._repr_svg_()
    assert shown is None or shown.startswith("<svg")


def numbers_in(words):
    """The numbers of a text, as they stand there."""
    return re.findall(r"(?<![\w.])−?\d+(?:\.\d+)?(?:e−?\d+)?(?![\w.]\d)", words)


def drawn_numbers(picture):
    """What stands in the colours of values and of gradients."""
    groups = re.findall(r"<text[^>]* fill=\"var\(--bp-(?:value|gradient)\)\"[^>]*>([^<]*)<", picture.svg)
    for group in re.findall(r"<g class=\"halo\"[^>]* fill=\"var\(--bp-(?:value|gradient)\)\">(.*?)</g>", picture.svg):
        groups += re.findall(r"<text[^>]*>([^<]*)<", group)
    return [number for words in groups for number in numbers_in(words)]


def test_pictures_describe_themselves():
    picture = circuit(examples.add_then_multiply())
    root = ET.fromstring(picture.svg)
    assert root.get("role") == "img" and root.get("aria-label") == picture.description
    assert "f = −12" in picture.description and "x = −2, gradient −4" in picture.description
    assert "q: x + y = 3, gradient −4" in picture.description and "f: q × z = −12, gradient 1" in picture.description
    assert repr(picture) == f"<picture: {picture.description}>"
    assert picture.svg in picture._repr_html_()


def test_a_gradient_by_several_wires_is_told_as_their_sum():
    x = Value(3, "x")
    assert (
        "x = 3, gradient 3 + 3 + 1 = 7; gate 1: x × x = 9, gradient 1; gate 2: gate 1 + x = 12" in circuit(x * x + x).description
    )


@settings(max_examples=40)
@given(expressions())
def test_a_circuit_says_every_value_and_gradient_that_it_draws(expression):
    _, output = build_smooth(*expression)
    for gradients in True, False:
        picture = circuit(output, gradients)
        assert set(drawn_numbers(picture)) <= set(numbers_in(picture.description))
        assert gradients or "gradient" not in picture.description
    names = [node.name for node in topological_order(output) if node.name]
    assert all(f"{name} = " in picture.description or f"{name}: " in picture.description for name in names)


@pytest.mark.parametrize("decimals", [0, 2, 5])
def test_an_explorer_s_circuit_says_the_numbers_as_it_shows_them(decimals):
    picture = circuit(examples.sigmoid_neuron(), decimals=decimals)
    assert set(drawn_numbers(picture)) <= set(numbers_in(picture.description))


# ------------------------------------------------------------------- networks


def test_a_network_shows_the_running_example():
    shown = texts(figures.network(*NET, **SIGMOIDS, highlight="w_212"))
    assert {"w²₁₂ = 0.8", "∂L/∂w²₁₂ = −0.1304", "0.7703", "0.2297", "0.1055", "−0.1625", "0.1625", "−0.4593"} <= set(shown)
    assert {"x₁", "a¹₄", "z²₁", "ŷ₂", "L"} <= set(shown)
    shown = texts(figures.network(*NET, **SIGMOIDS, highlight="w_131"))
    assert {"w¹₃₁ = −0.3", "∂L/∂w¹₃₁ = 0.003159"} <= set(shown)


def below(picture, name):
    """The orange number below a circle."""
    root = ET.fromstring(picture.svg)
    (at,) = [(t.get("x"), float(t.get("y"))) for t in root.iter(f"{SVG}text") if t.text == name]
    (orange,) = [g for g in root.iter(f"{SVG}g") if "gradient" in g.get("fill")]
    (number,) = [t.text for t in orange if t.get("x") == at[0] and 0 < float(t.get("y")) - at[1] < 40]
    return number


def test_delta_stands_below_z_and_the_activation_s_gradient_below_a():
    """z and a of one unit are one line apart: δ¹₃ = 0.01625 · a(1 − a)."""
    picture = figures.network(*NET, **SIGMOIDS, highlight="w_131")
    assert [below(picture, name) for name in ("z¹₃", "a¹₃", "z²₁", "ŷ₁")] == ["0.00158", "0.01625", "−0.1625", "−0.4593"]
    deep = figures.network(examples.THREE_PATHS, [1.0, 2.0], [1.0], **SIGMOIDS, output="sigmoid")
    assert [below(deep, name) for name in ("z²₃", "a²₃", "z³₁", "ŷ₁")] == ["−0.01724", "−0.09136", "−0.1827", "−0.7713"]


@pytest.mark.parametrize(("output", "lines"), [("sigmoid", 2 * 3 + 3 + 3 * 2 + 2 + 2), ("softmax", 2 * 3 + 3 + 3 * 2 + 4 + 2)])
def test_a_sum_leads_to_its_own_activation_and_in_a_softmax_to_all(output, lines):
    plan = figures.network_plan(initialise([2, 3, 2]), output)
    assert len(list(plan.edges())) == lines
    assert ("z_12", "a_12") in plan.edges() and ("z_12", "a_11") not in plan.edges()
    assert (("z_21", "a_22") in plan.edges()) == (output == "softmax")


def test_a_network_without_gradients_shows_none():
    picture = figures.network(*NET, **SIGMOIDS, highlight="w_212", gradients=False)
    assert "--bp-gradient)" not in picture.svg and "0.7703" in texts(picture)
    thick = [p.get("stroke") for p in ET.fromstring(picture.svg).iter(f"{SVG}path") if p.get("stroke-width") == "3"]
    assert thick == ["var(--bp-value)"]  # the weight's own line, and none of its paths


@pytest.mark.parametrize(
    ("arguments", "names", "weight", "routes"),
    [
        (NET, SIGMOIDS, "w_212", 2),
        (NET, SIGMOIDS, "w_131", 4),
        ((examples.THREE_PATHS, [1.0, 2.0], [1.0]), SIGMOIDS | {"output": "sigmoid"}, "w_121", 3),
        ((examples.THREE_PATHS, [1.0, 2.0], [1.0]), SIGMOIDS | {"output": "sigmoid"}, "w_222", 1),
    ],
)
def test_every_path_of_a_weight_is_drawn_in_a_colour_and_dash_of_its_own(arguments, names, weight, routes):
    root = ET.fromstring(figures.network(*arguments, highlight=weight, **names).svg)
    drawn = [(p.get("stroke"), p.get("stroke-dasharray")) for p in root.iter(f"{SVG}path") if "path" in p.get("stroke")]
    assert len(drawn) == routes
    assert len({stroke for stroke, _ in drawn}) == len({dash for _, dash in drawn}) == routes


def test_networks_are_deterministic_and_have_no_duplicate_ids():
    first, second = figures.network(*NET, **SIGMOIDS, highlight="w_212"), figures.network(*NET, **SIGMOIDS, highlight="w_212")
    assert first.svg == second.svg
    assert len(ids(first)) == len(set(ids(first)))


@pytest.mark.parametrize("sizes", [[2, 2], [1, 3, 2], [3, 2, 2, 4]])
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "identity"])
def test_networks_of_any_shape_are_well_formed(sizes, output):
    y = np.eye(sizes[-1])[0]
    picture = figures.network(initialise(sizes), np.ones(sizes[0]), y, highlight="w_111", output=output, loss="squared_error")
    assert f"network {'-'.join(map(str, sizes))}" in picture.description
    assert "w¹₁₁" in " ".join(texts(picture))


def test_a_network_says_the_numbers_the_weight_and_its_paths():
    picture = figures.network(*NET, **SIGMOIDS, highlight="w_212")
    assert set(drawn_numbers(picture)) <= set(numbers_in(picture.description))
    for told in "z_21 = 1.657, gradient −0.1625", "ŷ_1 = 0.7703, gradient −0.4593", "L = 0.1055", "w_212 = 0.8, gradient −0.1304":
        assert told in picture.description
    assert "loss: 2: green z_21, ŷ_1, L; purple dashed z_21, ŷ_2, L" in picture.description
    values_alone = figures.network(*NET, **SIGMOIDS, highlight="w_212", gradients=False)
    assert "gradient" not in values_alone.description and "w_212 = 0.8, from a_12 to z_21" in values_alone.description
    assert set(drawn_numbers(values_alone)) <= set(numbers_in(values_alone.description))


@pytest.mark.parametrize("highlight", ["w_111", "w_131", "w_224"])
def test_a_network_names_as_many_strokes_as_it_draws(highlight):
    picture = figures.network(*NET, **SIGMOIDS, highlight=highlight)
    told = picture.description.rpartition("loss: ")[2]
    drawn = re.findall(r'stroke="var\(--bp-path(\d)\)" stroke-width="3"( stroke-dasharray="[^"]*")?', picture.svg)
    assert int(told.partition(":")[0]) == len(drawn) == told.count("L")
    hues, dashes = ("green", "purple", "ochre", "violet"), ("", "dashed", "dotted", "dash-dotted")
    assert [words.split()[0] for words in told.partition(": ")[2].split("; ")] == [hues[int(i) - 1] for i, _ in drawn]
    assert all((dashes[int(i) - 1] in told) and bool(dash) == bool(dashes[int(i) - 1]) for i, dash in drawn)


def test_a_network_with_a_wide_layer_is_drawn():
    picture = figures.network(initialise([3, 12, 2]), [1.0, 2.0, 3.0], [1.0, 0.0])
    assert "network 3-12-2" in picture.description
    ET.fromstring(picture.svg)


@pytest.mark.parametrize("highlight", ["w_999", "b_21", "a_11", "w212", "", "w_21"])
def test_only_weights_are_highlighted(highlight):
    with pytest.raises(ValueError, match=says("highlight", "weight")):
        figures.network(*NET, highlight=highlight)


def test_a_highlight_is_a_name():
    with pytest.raises((TypeError, ValueError), match=says("highlight")):
        figures.network(*NET, highlight=212)


def test_too_many_paths_to_draw_are_refused():
    """A weight at the bottom of 9-9-9-9-9-9 has 59,049 paths to the loss: a picture of 10 MB."""
    with pytest.raises(ValueError, match=says("highlight")):
        figures.network(initialise([9] * 6), np.ones(9), np.eye(9)[0], highlight="w_111")


def test_bad_networks_are_refused():
    with pytest.raises(ValueError, match="(?i)" + says("x")):
        figures.network(NET[0], [1.0], NET[2])
    with pytest.raises(ValueError, match=says("loss")):
        figures.network(*NET, loss="mse")


# --------------------------------------------------------------- names, numbers


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (-2, "−2"),
        (0.123456, "0.1235"),
        (-1e-5, "−1e−5"),
        (1e-13, "0"),
        (123456, "1.235e5"),
        (1e20, "1e20"),
        (1 / 3, "0.3333"),
    ],
)
def test_numbers_print_four_digits_and_a_real_minus(x, text):
    assert number(x) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("w_212", "w²₁₂"),
        ("w_1,10,2", "w¹₁₀,₂"),
        ("x_1", "x₁"),
        ("x1", "x₁"),
        ("b_21", "b²₁"),
        ("ŷ_1", "ŷ₁"),
        ("y_1", "y₁"),
        ("loss", "loss"),
        ("q", "q"),
        ("h3", "h₃"),
        ("1", "1"),
        ("X_1", "X_1"),
        ("", ""),
    ],
)
def test_names_print_as_the_book_writes_them(name, text):
    assert pretty(name) == text


# ----------------------------------------------------------------------- plots

MAKERS = {
    "lines": plot,
    "curve": lambda: curve(np.sin, 0, 3)[0],
    "cost curves": lambda: cost_curves({"cost": [1, 0.5, 0.25], "validation_cost": [1, 0.6, 0.5]}),
    "confusion matrix": lambda: confusion_matrix([0, 1, 2], [0, 1, 1], 3)[0],
    "images": lambda: images(np.eye(64)[:, :3], ["0", "1", "2"], columns=2),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_themed_plots_are_well_formed(maker):
    picture = themed(MAKERS[maker](), 'a "plot" <of> A & B')
    root = ET.fromstring(picture.svg)
    assert root.get("aria-label").startswith('a "plot" <of> A & B. ')
    assert plt.get_fignums() == []


def said(figure, description="d"):
    return themed(figure, description).description


def test_a_curve_is_told_by_its_start_its_turns_and_its_end():
    assert words.course([(0, 4), (1, 1), (2, 0.5), (5, 9)]) == "from 4 at 0, down to 0.5 at 2, up to 9 at 5"
    assert words.course([(0, 0), (1, 3), (2, -1), (3, 1)]) == "from 0 at 0, up to 3 at 1, down to −1 at 2, up to 1 at 3"
    assert words.course([(0, 2), (1, 2)]) == "from 2 at 0, level to 1"
    assert words.course([(0, 2), (1, math.nan), (3, 5)]) == "from 2 at 0, up to 5 at 3"
    assert words.course([(0, math.nan)]) == "without a number"


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=12))
def test_a_course_names_the_ends_the_lowest_and_the_highest(heights):
    told = words.course(enumerate(heights))
    named = [int(n.replace("−", "-")) for n in re.findall(r"(?:from|to) (−?\d+) at", told)]
    assert named[0] == heights[0] and {min(heights), max(heights)} <= {*named, heights[0]}
    assert told.endswith(f" {len(heights) - 1}")


def test_a_plot_says_axes_lines_and_their_courses():
    told = said(plot())
    assert told.startswith("d. a title; across: x; a < b & c, blue line: from 0 at 1, up to 4 at 3.")
    figure, ax = curve(lambda x: (x - 1) ** 2, 0, 3, ylabel="f")
    tangent(ax, 2, 1, 2, 0.5)
    ax.axhline(1)
    ax.set_yscale("log")
    told = said(figure)
    assert "up: f, logarithmic" in told and "down to 0 at 1, up to 4 at 3" in told
    assert "orange line: from 0 at 1.5, up to 2 at 2.5" in told and "point: 1 at 2" in told and "level at 1" in told
    figure, ax = curve(lambda x: x, 0, 3)
    tangent(ax, 1, 1, -2, 0.5, "tangent")
    assert "tangent, orange line: from 2 at 0.5, down to 0 at 1.5, slope −2" in said(figure)


def test_a_plot_says_bars_by_their_names_and_points_one_by_one():
    figure, ax = axes()
    ax.bar(["left", "right"], [1.5, -2])
    ax.plot([0, 1], [3, 4], "x", color=VALUE, label="marks")
    ax.annotate("here", (1, 4))
    told = said(figure)
    assert "bars: left 1.5, right −2" in told
    assert "marks, blue points: 3 at left, 4 at right" in told and "“here” at right, 4" in told


def test_points_on_one_level_are_told_once():
    figure, ax = axes()
    ax.plot([1, 2, 5], [0.3] * 3, "x", color=VALUE)
    ax.set_yticks([0, 1], ["first row", "second row"])
    assert "blue points: first row at 1, 2, 5" in said(figure)


def test_cells_are_told_row_by_row():
    figure, ax = axes()
    cells(ax, [[1, 2], [3, 4]], VALUE, 0.2, weights=[["bold", "normal"], ["normal", "normal"]])
    ax.fill([0, 1, 1, 0], [0, 0, 2, 2], fill=False)
    ax.axis("off")
    assert "row 1: 1 bold, 2; row 2: 3, 4; outlined: rows 1 to 2, column 1" in said(figure)
    told = said(confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], 3)[0])
    assert "row 0: 1 at 0; row 1: 1 at 1, 1 at 2; row 2: 1 at 2" in told
    assert "Z 2×3 = W 2×4" in said(shapes(("Z", 2, 3, VALUE), "=", ("W", 2, 4, VALUE)))
    assert said(images(np.eye(64)[:, :3], ["0", "1", "$x"], columns=2)) == "d. images: 0, 1, $x"


def test_panels_are_told_one_after_the_other():
    figure, (left, right) = axes(columns=2)
    left.plot([0, 1], [2, 3], "--", color=GRADIENT)
    right.set_title("empty")
    assert "Panel 1: dashed orange line: from 2 at 0, up to 3 at 1, slope 1. Panel 2: empty." in said(figure)


@pytest.mark.parametrize("maker", MAKERS)
def test_a_themed_plot_has_the_style_and_the_letters_of_all_pictures(maker):
    drawn = themed(MAKERS[maker](), "d").svg
    assert re.findall(r"<style[^>]*>.*?</style>", drawn, re.S) == [STYLE], "none for every element of a page"
    assert "font-family" not in drawn.replace(STYLE, "")


@pytest.mark.parametrize("maker", MAKERS)
def test_themed_plots_are_the_same_bytes_each_time(maker):
    first, second = themed(MAKERS[maker](), "d"), themed(MAKERS[maker](), "d")
    assert first.svg == second.svg
    assert not re.search(r"<dc:date>|20\d\d-\d\d-\d\d|Matplotlib v", first.svg)


@pytest.mark.parametrize("maker", MAKERS)
def test_ids_in_a_themed_plot_are_unique_and_every_reference_has_its_target(maker):
    picture = themed(MAKERS[maker](), "d")
    found = ids(picture)
    assert len(found) == len(set(found))
    references = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', picture.svg)
    assert {a or b for a, b in references} == set(found)
    assert found or maker == "images"


def test_ids_of_two_plots_on_a_page_do_not_collide():
    pictures = [themed(MAKERS[maker](), "d") for maker in MAKERS] + [themed(plot(shift=1.0), "d")]
    for one, other in itertools.combinations(pictures, 2):
        assert not set(ids(one)) & set(ids(other))


def test_plots_follow_the_theme():
    svg = themed(plot(), "d").svg
    body = svg[svg.index("</style>") :]
    for light, _ in COLOURS.values():
        assert light not in body
    assert "var(--bp-value)" in body and "a &lt; b &amp; c" in body


def test_the_confusion_matrix_counts():
    _, counts = confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], 3)
    plt.close("all")
    assert counts.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]


@pytest.mark.parametrize(
    ("labels", "predicted"), [([0, 1, 2], [1]), ([0, 1], [0, 1, 2]), ([0, -1], [0, 1]), ([0, 3], [0, 1]), ([0, 1], [0, 5])]
)
def test_bad_labels_for_a_confusion_matrix_are_refused(labels, predicted):
    with pytest.raises(ValueError, match=r"^(labels|predicted): expected"):
        confusion_matrix(labels, predicted, 3)


@pytest.mark.parametrize("X", [np.ones((64, 3)), np.ones((60, 1))], ids=["more than titles", "not 8×8"])
def test_bad_images_are_refused(X):
    with pytest.raises(ValueError, match=r"^(X|titles): expected"):
        images(X, ["one"])
    plt.close("all")


# --------------------------------------------------------------------- colours


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    """WCAG 2: 21 for black on white."""
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_formula():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", sorted(set(COLOURS) - {"paper", "line"}))
def test_text_is_legible_on_paper(name, shade):
    assert contrast(COLOURS[name][shade], COLOURS["paper"][shade]) >= 4.5


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
def test_wires_are_visible_on_paper(shade):
    assert contrast(COLOURS["line"][shade], COLOURS["paper"][shade]) >= 3


def test_formulas_have_the_colours_of_the_pictures():
    css = (Path(__file__).parent.parent / "book/_theme/nudge/nudge.css").read_text()
    for shade, selector in enumerate([":root", 'html[data-theme="dark"]']):
        rule = re.search(rf"^{re.escape(selector)} {{(.*?)}}", css, re.M | re.S)[1]
        assert f"--bp-value: {COLOURS['value'][shade]}; --bp-gradient: {COLOURS['gradient'][shade]};" in rule


# ------------------------------------------------------- nothing, too much, signs


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: cost_curves({}), "history"),
        (lambda: cost_curves({"cost": []}), "history"),
        (lambda: cost_curves({"cost": [1, math.nan]}), "history"),
        (lambda: cost_curves({"cost": [[1, 2]]}), "history"),
        (lambda: figures.shapes(), "pieces"),
        (lambda: figures.shapes("="), "pieces"),
        (lambda: figures.shapes(("W", 0, 2, VALUE)), "pieces"),
        (lambda: figures.shapes(("W", 2, 2, "no colour")), "pieces"),
        (lambda: figures.shapes(("W", 10**6, 10**6, VALUE)), "pieces"),
        (lambda: images(np.ones((64, 0)), []), "X"),
        (lambda: images(np.ones((64, 3)), ["a", "b"]), "X"),
        (lambda: images(np.ones((64, 3)), ["a"] * 3, columns=10**9), "columns, rows"),
        (lambda: images(np.ones((64, 900)), ["a"] * 900), "columns, rows"),
        (lambda: confusion_matrix([], []), "labels"),
        (lambda: confusion_matrix([0], [0], classes=10**9), "classes"),
        (lambda: curve(np.sin, 3, 0), "low, high"),
        (lambda: curve(lambda x: x[:3], 0, 1), "f"),
        (lambda: curve(lambda x: x * np.nan, 0, 1), "f"),
        (lambda: figures.axes(columns=10**9), "columns, rows"),
        (lambda: figures.axes(width=0), "width"),
        (lambda: figures.tangent(figures.axes()[1], 0, 0, 1e308, 1e10), "slope"),
        (lambda: figures.circuit(Value(1.0), decimals=99), "decimals"),
        (lambda: figures.circuit(Value(1.0), decimals=1.5), "decimals"),
        (lambda: figures.network(initialise([100, 100, 2]), np.ones(100), [1, 0]), "parameters"),
    ],
)
def test_a_figure_of_nothing_or_of_too_much_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=says(argument)):
        call()
    plt.close("all")


WORDS = ["$", "$x^$", "a $5$ bill", "\\frac{", "$\\frac$", "a\x00b", "<&>"]


@pytest.mark.parametrize("words", WORDS)
def test_a_dollar_in_a_title_or_label_is_a_dollar(words):
    """Nothing is taken for a formula, whatever it looks like, and the picture stays XML."""
    figure, ax = curve(np.sin, 0, 1, ylabel=words)
    figures.tangent(ax, 0.5, 0.5, 1, 0.2, label=words)
    ax.legend()
    makers = {
        "curve": (figure, 2),
        "images": (images(np.eye(64)[:, :2], [words, "1"]), 1),
        "cost curves": (cost_curves({words: [1.0, 0.5]}), 1),
        "shapes": (figures.shapes((words, 2, 2, VALUE), "=", (words, 2, 1, VALUE)), 2),
    }
    for maker, (figure, times) in makers.items():
        root = ET.fromstring(themed(figure, words).svg)
        shown = ["".join(element.itertext()).split("\n")[0] for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert shown.count(words.replace("\x00", "�")) == times, (maker, shown)


def test_every_set_of_costs_has_its_line():
    assert len(cost_curves({name: [1.0, 0.5] for name in "abcde"}).axes[0].lines) == 5
    plt.close("all")


def test_cells_are_a_table_of_coloured_squares():
    _, ax = figures.axes()
    figures.cells(ax, [["a", 2.5], ["", -1]], figures.VALUE, [[0.2, 0], [0.4, 0.3]], left=1, gap=0.1, weights=["bold", "normal"])
    assert [(text.get_text(), text.get_position(), text.get_weight()) for text in ax.texts if text.get_text()] == [
        ("a", (1.5, 0.5), "bold"),
        ("2.5", (2.5, 0.5), "normal"),
        ("−1", (2.5, 1.5), "normal"),
    ]
    assert [(square.get_xy(), square.get_width(), square.get_alpha()) for square in ax.patches] == [
        ((1.05, 0.05), 0.9, 0.2),
        ((1.05, 1.05), 0.9, 0.4),
        ((2.05, 1.05), 0.9, 0.3),
    ]


@pytest.mark.parametrize(
    "argument, change",
    [
        ("ax", {"ax": 3}),
        ("entries", {"entries": ["a", "b"]}),
        ("entries", {"entries": [[]]}),
        ("entries", {"entries": np.zeros((100, 100))}),
        ("colours", {"colours": ["red", "blue", "green"]}),
        ("alphas", {"alphas": np.ones((3, 3))}),
        ("alphas", {"alphas": [[0.1, 1.1]]}),
        ("entries", {"entries": [["a"], ["b", "c"]]}),
        ("weights", {"weights": "heavy"}),
        ("gap", {"gap": "wide"}),
    ],
)
def test_cells_that_do_not_fit_are_refused(argument, change):
    _, ax = figures.axes()
    with pytest.raises((TypeError, ValueError), match=says(argument)):
        figures.cells(**{"ax": ax, "entries": [["a", "b"]], "colours": "red", "alphas": 0.3, **change})


def test_places_of_a_plot_are_said_to_a_hundredth_and_its_numbers_as_they_are():
    figure, ax = figures.axes(5, 3)
    ax.plot([0, 1 / 3, 1], [0.1, 0.7, 1 / 7])
    ax.set_yticks([0.0625, 0.3125])
    drawn = figures.themed(figure, "a line").svg
    places = re.findall(r' (?:d|x|y)="([^"]*)"', drawn)
    assert places and not any(re.search(r"\.\d{3}", place) for place in places)
    assert "0.0625" in drawn and "0.3125" in drawn


@pytest.mark.parametrize(
    ("scale", "limits", "expected"),
    [
        ({"value": "log"}, (1e-3, 1e2), ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹", "10²"]),
        ({"value": "log"}, (2, 4.5), ["2×10⁰", "3×10⁰", "4×10⁰"]),
        ({"value": "log", "base": 2}, (1 / 8, 8), ["2⁻³", "2⁻²", "2⁻¹", "2⁰", "2¹", "2²", "2³"]),
        ({"value": "symlog"}, (-20, 20), ["−10¹", "−10⁰", "0", "10⁰", "10¹"]),
    ],
)
def test_the_numbers_of_a_logarithmic_axis_are_text_with_real_signs(scale, limits, expected):
    figure, ax = axes()
    ax.set_yscale(**scale)
    ax.set(ylim=limits, xticks=[])
    texts = [el.text for el in ET.fromstring(themed(figure, "powers").svg).iter() if el.tag.endswith("text")]
    assert texts == expected


def test_a_plot_is_laid_out_once_and_drawn_once(monkeypatch):
    figure, ax = axes()
    ax.plot([1, 2], label="a line")
    figure.legend(loc="outside upper center")
    drawn, draw = [], type(figure).draw
    monkeypatch.setattr(type(figure), "draw", lambda self, renderer: drawn.append(draw(self, renderer)))
    assert "a line" in themed(figure, "twice").svg and len(drawn) == 1


def test_a_plot_laid_out_once_is_as_matplotlib_lays_it_out(monkeypatch):
    def made():
        figure, panels = axes(7, 3, columns=2)
        panels[0].semilogy([1, 2, 3], [1e-9, 1, 20], label="a line")
        panels[1].set(title="two\nlines", xlabel="x", ylabel="y")
        figure.legend(loc="outside upper center")
        return themed(figure, "two panels").svg

    once = made()
    monkeypatch.setattr("bpcourse.pictures.plots._lay_out_once", lambda figure: None)
    assert made() == once
