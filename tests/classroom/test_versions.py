"""Sets in several versions: their answers, the wrong numbers of mistakes, QTI, Moodle's XML, and the sheets of an exam."""

import functools
import io
import itertools
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from bpcourse.classroom import platforms, versions
from bpcourse.classroom.sets import SETS, Problem, ProblemSet
from bpcourse.practice import check, diagnosis
from bpcourse.practice.exercises import Choice, Clinic, Code, Numbers, exercise

ROOT = Path(__file__).parents[2]
SECRET = "a secret of the teacher"
NAMES = list(SETS)


@functools.cache
def made(name: str, secret: str = SECRET) -> dict:
    return versions.versions(SETS[name], 3, secret)


def pairs(name: str):
    for tasks in zip(*made(name).values()):
        yield from itertools.combinations(tasks, 2)


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_of_one_version_is_an_answer_of_another(name):
    for one, two in pairs(name):
        assert one.label == two.label and one.seed != two.seed
        assert not any(diagnosis.same(x, y) for x, y in zip(versions.answers(one), versions.answers(two), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_no_nought_and_no_crumb(name):
    for answer in [x for tasks in made(name).values() for task in tasks for x in versions.answers(task)]:
        size = np.abs(np.ravel(answer))
        assert size.any() and not np.any((size > 0) & (size < 1e-9))


def test_the_same_secret_gives_the_same_versions_and_another_others():
    again = versions.versions(SETS["set1"], 3, SECRET)
    seeds = {letter: [task.seed for task in tasks] for letter, tasks in again.items()}
    assert seeds == {letter: [task.seed for task in tasks] for letter, tasks in made("set1").items()}
    other = versions.versions(SETS["set1"], 1, SECRET + "s")
    assert not {task.seed for task in other["A"]} & {task.seed for tasks in again.values() for task in tasks}


@pytest.mark.parametrize("count, error", [(0, ValueError), (27, ValueError), (1.5, ValueError), ("3", TypeError)])
def test_a_count_that_is_none(count, error):
    with pytest.raises(error, match=r"^count: expected"):
        versions.versions(SETS["set1"], count, SECRET)


def test_a_problem_without_enough_numbers_is_named(monkeypatch):
    monkeypatch.setattr(versions, "ATTEMPTS", 30)
    few = ProblemSet("few", "Few", 1, range(1, 2), (Problem("16.7"), Problem("02.4")))
    with pytest.raises(ValueError, match=r"count: expected no more versions of 02\.4 .*, got version [B-Z]"):
        versions.versions(few, 26, SECRET)


def blanks(name: str):
    for tasks in made(name).values():
        for task in tasks:
            if isinstance(task.exercise, Numbers):
                yield from ((task, *told) for told in zip(task.exercise.asks, versions.blanks(task), strict=True))


def entry(blank, task, name) -> float:
    value = dict(zip(task.exercise.asks, versions.answers(task)))[name]
    if not blank.place:
        return float(np.ravel(value)[0]) if np.size(value) == 1 else float("nan")
    row, column = map(int, re.findall(r"\d+", blank.place))
    return float(value[row - 1, column - 1])


@pytest.mark.parametrize("name", NAMES)
def test_a_blank_takes_four_digits_of_the_right_number_and_none_of_a_mistake(name):
    for task, ask, blank in blanks(name):
        assert blank.value == pytest.approx(entry(blank, task, ask) * 10**blank.power, rel=1e-12)
        assert abs(blank.value) >= 0.1, "platforms keep four decimals"
        largest = np.abs(dict(zip(task.exercise.asks, versions.answers(task)))[ask]).max()
        assert abs(blank.value) == pytest.approx(largest * 10**blank.power)
        for typed in (diagnosis.to_digits(blank.value, 4), np.trunc(blank.value / blank.tolerance) * blank.tolerance):
            assert abs(typed - blank.value) <= blank.tolerance * (1 + 1e-9)
        assert blank.tolerance <= abs(blank.value) * 1.001e-3
        numbers = [blank.value, *(x for x, _ in blank.wrong)]
        assert all(abs(x - y) > 2 * blank.tolerance for x, y in itertools.combinations(numbers, 2))


@pytest.mark.parametrize("name", NAMES)
def test_the_mistake_of_a_wrong_number_is_the_one_that_check_names(name):
    named = 0
    for task in made(name)["A"]:
        if not isinstance(task.exercise, Numbers):
            continue
        for ask in task.exercise.asks:
            for wrong in itertools.islice(versions.wrong_values(task, ask), 3):
                if np.shape(wrong.value) == np.shape(dict(zip(task.exercise.asks, versions.answers(task)))[ask]):
                    typed = " ".join(f"{x:.9g}" for x in np.ravel(wrong.value))
                    verdict = check(task.label, seed=task.seed, **{ask: typed}).verdicts[ask]
                    if verdict.kind in ("mistake", "perhaps"):
                        named += 1
                        assert wrong.mistake.name in verdict.mistakes or "transposed" in verdict.mistakes, (
                            task.label,
                            ask,
                            wrong,
                        )
    assert named > 20


# ------------------------------------------------------------ text2qti and Canvas


@pytest.mark.parametrize("name", NAMES)
def test_the_text_holds_every_number_to_type_and_no_sign_that_tells_the_answer(name):
    for letter, tasks in made(name).items():
        text = platforms.source(SETS[name], letter, tasks)
        assert text.count("\n=   ") == sum(len(task.exercise.asks) for task in tasks if isinstance(task.exercise, Numbers))
        assert text.count("\n*") >= sum(
            1 + isinstance(t.exercise, Clinic) for t in tasks if isinstance(t.exercise, Choice | Clinic)
        )
        assert text.count("\n____") == sum(isinstance(task.exercise, Code) for task in tasks)
        for told, right in re.findall(r"-   Not right(.*?)\n=   (\S+)", text, re.S):
            assert f"* {-float(right):.4f}:" not in told and f"* {float(right):.4f}:" not in told


QTI = "{http://www.imsglobal.org/xsd/ims_qtiasiv1p2}"


@pytest.mark.parametrize("name", NAMES)
def test_canvas_finds_in_the_file_what_it_reads(name):
    pytest.importorskip("text2qti", reason="needs text2qti: make test-class")
    for letter, tasks in made(name).items():
        text = platforms.source(SETS[name], letter, tasks)
        content = platforms.qti(text)
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            assert {part.date_time for part in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}, "the same bytes tomorrow"
            trees = {part: ElementTree.fromstring(file.read(part)) for part in file.namelist() if part.endswith(".xml")}
        manifest = trees.pop("imsmanifest.xml")
        files = {el.get("href") for el in manifest.iter() if el.tag.endswith("}file")}
        assert files == set(trees), "the manifest names what there is"
        assert "imsqti_xmlv1p2" in {el.get("type") for el in manifest.iter() if el.tag.endswith("}resource")}
        (assessment,) = (tree for tree in trees.values() if tree.tag == f"{QTI}questestinterop")
        items = list(assessment.iter(f"{QTI}item"))
        kinds = [item.findtext(f".//{QTI}qtimetadatafield/{QTI}fieldentry") for item in items]
        asked = [len(task.exercise.asks) for task in tasks if isinstance(task.exercise, Numbers)]
        assert kinds.count("numerical_question") == sum(asked) and kinds.count("essay_question") == 1
        assert kinds.count("multiple_choice_question") == sum(
            1 + isinstance(t.exercise, Clinic) for t in tasks if isinstance(t.exercise, Choice | Clinic)
        )
        right = [float(el.text) for el in assessment.iter(f"{QTI}varequal") if re.fullmatch(r"-?[\d.]+", el.text)]
        expected = [blank.value for t in tasks if isinstance(t.exercise, Numbers) for blank in versions.blanks(t)]
        numerical = [x for item, kind in zip(items, kinds) if kind == "numerical_question" for x in item.iter(f"{QTI}varequal")]
        assert [float(x.text) for x in numerical] == pytest.approx(expected, abs=1e-4) and right
        for item, kind in zip(items, kinds):
            refs = {el.get("linkrefid") for el in item.iter(f"{QTI}displayfeedback")}
            assert refs == {el.get("ident") for el in item.iter(f"{QTI}itemfeedback")} and (
                refs or kind in ("essay_question", "text_only_question")
            )


# ------------------------------------------------------------ Moodle

BOX = re.compile(r"\{(\d+):NUMERICAL:((?:\\.|[^}\\])*)\}")


@pytest.mark.parametrize("name", NAMES)
def test_moodle_gets_every_question_and_the_diagnosis_of_each_wrong_number(name):
    for letter, tasks in made(name).items():
        quiz = ElementTree.fromstring(platforms.moodle(SETS[name], letter, tasks))
        kinds = [question.get("type") for question in quiz]
        assert kinds[0] == "category" and quiz.tag == "quiz"
        assert kinds.count("cloze") == sum(isinstance(task.exercise, Numbers) for task in tasks)
        boxes = [box for q in quiz if q.get("type") == "cloze" for box in BOX.findall(q.findtext("questiontext/text"))]
        expected = [(t.points, b) for t in tasks if isinstance(t.exercise, Numbers) for b in versions.blanks(t)]
        for (points, answers), (worth, blank) in zip(boxes, expected, strict=True):
            right, *wrong = re.split(r"(?<!\\)~", answers)
            number, tolerance = map(float, re.fullmatch(r"=(\S+?):(\S+?)#Right\.", right).groups())
            assert (int(points), tolerance) == (worth, pytest.approx(blank.tolerance))
            assert number == pytest.approx(blank.value, abs=blank.tolerance / 100)
            for told, (x, mistake) in zip(wrong, blank.wrong, strict=True):
                share, number, said = re.fullmatch(r"%(\d+)%(\S+?):[^#]*#(.*)", told, re.S).groups()
                assert share == "0" and float(number) == pytest.approx(x, abs=blank.tolerance / 100)
                assert re.sub(r"\\(.)", r"\1", said).startswith(platforms.svg.escaped(mistake.name))
        for question in quiz:
            if question.get("type") == "multichoice":
                assert sorted(answer.get("fraction") for answer in question.iter("answer"))[-2:] == ["0", "100"]
                assert all(answer.findtext("feedback/text") is not None for answer in question.iter("answer"))


def test_what_moodle_takes_for_its_own_signs_is_marked():
    assert platforms._marked('a}b#c~d/e"f\\g<') == "a\\}b\\#c\\~d\\/e&quot;f\\\\g&lt;".replace("&quot;", "&quot;")


def test_numbers_in_latex():
    assert platforms.in_tex(-0.5) == "-0.5" and platforms.in_tex(1e-7) == r"1 \cdot 10^{-7}"
    assert platforms.in_tex(np.array([[1.0, -2], [0.5, 3]])) == r"\begin{pmatrix} 1 & -2 \\ 0.5 & 3 \end{pmatrix}"


@pytest.mark.parametrize("name", NAMES)
def test_the_questions_hold_only_markdown_that_platforms_are_given(name):
    for problem in SETS[name].problems:
        assert "$$" not in exercise(problem.label).text and not re.search(
            r"^\s*([-*>|]|\d+\.) ", exercise(problem.label).text, re.M
        )


def test_all_files_are_written_for_canvas_and_moodle(tmp_path, capsys):
    pytest.importorskip("text2qti", reason="needs text2qti: make test-class")
    platforms.main([SETS["set3"]], 2, SECRET, tmp_path / "new" / "out")
    files = sorted((tmp_path / "new" / "out").iterdir())
    assert [path.name for path in files] == [f"set3-{letter}.{kind}" for letter in "AB" for kind in ("txt", "xml", "zip")]
    first = [path.read_bytes() for path in files]
    platforms.main([SETS["set3"]], 2, SECRET, tmp_path / "new" / "out")
    assert [path.read_bytes() for path in files] == first, "the same twice gives the same"
    assert "new" in capsys.readouterr().out


def test_without_text2qti_moodle_has_its_files(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "text2qti.config", None)
    monkeypatch.setitem(sys.modules, "text2qti", None)
    with pytest.raises(ValueError, match=r"text2qti: expected for the \.zip files"):
        platforms.main([SETS["set1"]], 2, SECRET, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set1-A.txt", "set1-A.xml", "set1-B.txt", "set1-B.xml"]


# ------------------------------------------------------------ the sheets of an exam

SHEETS = """
import sys; sys.path.insert(0, "tools")
import exams
for name in sys.argv[1:]:
    made = exams.versions(exams.SETS[name], 2, "a secret of the teacher")
    for letter, tasks in made.items():
        for keyed in (False, True):
            print("\\f", name, letter, keyed, "\\n", exams.sheet(exams.SETS[name], letter, tasks, keyed), sep="")
"""


@pytest.fixture(scope="module")
def sheets() -> dict:
    pytest.importorskip("playwright", reason="exams are printed with Playwright")
    done = subprocess.run([sys.executable, "-c", SHEETS, *NAMES], cwd=ROOT, capture_output=True, text=True, check=True)
    told = (sheet.split("\n", 1) for sheet in done.stdout.split("\f")[1:])
    return {(head[:4], head[4], head.endswith("True")): text for head, text in told}


def words(html: str) -> str:
    html = re.sub(r"(?s)<style>.*?</style>|<math.*?</math>", "", html)
    return re.sub(r"<[^>]*>", "", html)


@pytest.mark.parametrize("name", NAMES)
def test_an_exam_asks_everything_and_tells_no_answer(sheets, name):
    for letter in "AB":
        exam, key = (sheets[name, letter, keyed] for keyed in (False, True))
        tasks = made(name)[letter]
        for sheet in exam, key:
            assert [int(of) for of in re.findall(r"<h2>.*?\((\d+) points?\)</h2>", sheet)] == [task.of for task in tasks]
        blanks = sum(len(t.exercise.asks) * (1 + t.exercise.rules) for t in tasks if isinstance(t.exercise, Numbers))
        assert exam.count('class="blank') == blanks + sum(isinstance(t.exercise, Clinic) for t in tasks)
        for task in tasks:
            for value in versions.answers(task):
                for shown in (diagnosis.brief(float(x)) for x in np.ravel(value)):
                    assert shown in words(key)
                    assert len(shown.lstrip("−0.")) < 4 or shown not in words(exam), (task.label, shown)
            if isinstance(task.exercise, Numbers):
                for ask in task.exercise.asks:
                    assert all(
                        w.mistake.name in words(key).replace("&#x27;", "'")
                        for w in itertools.islice(versions.wrong_values(task, ask), 3)
                    )
            if isinstance(task.exercise, Clinic):
                assert platforms.program(task.exercise, mended=True).splitlines()[1] in words(key).replace("&gt;", ">")


def test_a_sheet_needs_no_file_but_the_fonts_of_the_book(sheets):
    for sheet in sheets.values():
        assert "\\(" not in words(sheet) and "$" not in words(sheet), "every formula is printed"
        assert {re.sub(r".*/", "", url)[:6] for url in re.findall(r"url\(([^)]*)\)", sheet)} == {"KaTeX_"}
        assert not re.search(r"<script|<link|<img|src=", sheet)
