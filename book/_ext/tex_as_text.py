"""Formulas as one line of text, as a reader would type them: w²₁₂, ∂L/∂z²₁, e^(x²), −∑ⱼ yⱼ ln ŷⱼ.

The index of the search holds them so. Commands without an entry in the tables stand by their names.
"""

import re
import unicodedata

SIGNS = {
    "partial": "∂", "nabla": "∇", "cdot": "·", "times": "×", "circ": "∘", "div": "÷", "pm": "±", "top": "ᵀ", "sum": "∑",
    "prod": "∏", "varepsilon": "ε", "epsilon": "ε", "varphi": "φ", "to": "→", "longrightarrow": "→", "mapsto": "↦",
    "leftarrow": "←", "le": "≤", "ge": "≥", "ne": "≠", "approx": "≈", "infty": "∞", "in": "∈", "dots": "…", "cdots": "…",
    "ldots": "…", "blacksquare": "■", "lvert": "|", "rvert": "|", "lVert": "‖", "rVert": "‖", "quad": "  ", "qquad": "  ",
    "colon": ":", "prime": "′", "xrightarrow": "→",
}  # fmt: skip
MARKS = {"hat": "\u0302", "bar": "\u0304", "overline": "\u0304", "dot": "\u0307", "tilde": "\u0303"}
SILENT = {
    "left", "right", "bigl", "bigr", "Bigl", "Bigr", "text", "mathrm", "operatorname", "val", "grd", "htmlClass", "textstyle",
    "displaystyle", "begin", "end", "underbrace",
}  # fmt: skip
"""Commands of which only what they hold is read."""
FRACTIONS = {"frac": "", "tfrac": "", "dfrac": "", "pd": "∂"}
"""What stands before the upper and the lower part."""
COLUMN = "\ue000"
"""Stands for `&` until the signs are set: a minus behind it belongs to its number."""
PIECE = re.compile(r"\\(?P<command>[A-Za-z]+)\s*|\\(?P<escaped>.)|(?P<sign>[{}_^&~])|(?P<space>\s+)|(?P<text>.)", re.S)
RAISED = str.maketrans("0123456789+-−=()nijklmTtxz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱʲᵏˡᵐᵀᵗˣᶻ")
LOWERED = str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")


def as_text(tex: str) -> str:
    """The formula in one line."""
    tex = re.sub(r"\\(begin|end)\s*\{\w+\*?\}(\{[^}]*\})?|\\\\(\[[^\]]*\])?|\\label\{[^}]*\}", " ", tex)
    text = "".join(read(list(PIECE.finditer(tex)), 0, ended=False)[0])
    text = re.sub(r"\s*([=≈≤≥≠<>→←↦+·×∘∈])\s*", r" \1 ", text)
    text = re.sub(r"(?<=[\w)ᵀ²¹⁰-⁹₀-₉])\s*-\s*(?=[\w(∂∑\d])", " − ", text).replace("-", "−").replace(COLUMN, " ")
    text = re.sub(r"(∂[²³]?)\s+", r"\1", re.sub(r"(?<=ᵀ)(?=\w)", " ", text))
    text = re.sub(r"\b(max|min|ln|log|sin|cos|tanh|det) \(", r"\1(", text)
    text = re.sub(r"\s+", " ", re.sub(r"([(\[^/])\s+|\s+([)\],.;])", r"\1\2", text)).strip()
    return unicodedata.normalize("NFC", text)


def read(pieces: list[re.Match[str]], i: int, ended: bool) -> tuple[list[str], int]:
    """What stands from piece `i` on, to the end of its group if it is in one, and where that is."""
    out: list[str] = []
    while i < len(pieces):
        if pieces[i]["sign"] == "}":
            if ended:
                return out, i + 1
            i += 1
            continue
        text, i = one(pieces, i)
        out.append(text)
    return out, i


def one(pieces: list[re.Match[str]], i: int) -> tuple[str, int]:
    """The text of one sign, group or command with its arguments."""
    if i >= len(pieces):
        return "", i
    piece, i = pieces[i], i + 1
    command, sign = piece["command"], piece["sign"]
    if sign == "{":
        out, i = read(pieces, i, ended=True)
        return "".join(out), i
    if sign in ("^", "_"):
        inner, i = one(pieces, skipped(pieces, i))
        return script(inner, sign), i
    if command in FRACTIONS:
        above, i = one(pieces, skipped(pieces, i))
        below, i = one(pieces, skipped(pieces, i))
        before = FRACTIONS[command]
        return f"{before}{closed(above)}/{before}{closed(below)}", i
    if command in MARKS:
        inner, i = one(pieces, skipped(pieces, i))
        return "".join(letter + MARKS[command] if letter.isalpha() else letter for letter in inner), i
    if command == "sqrt":
        inner, i = one(pieces, skipped(pieces, i))
        return f"√{closed(inner)}", i
    if command in SILENT:
        return "", i
    if command:
        letter = greek(command)
        return SIGNS.get(command) or letter or f"{command} ", i
    if piece["escaped"]:
        return piece["escaped"] if piece["escaped"] in "{}%$#_|" else " ", i
    return COLUMN if sign == "&" else " " if sign or piece["space"] else piece["text"], i


def skipped(pieces: list[re.Match[str]], i: int) -> int:
    """The next piece that is no space."""
    while i < len(pieces) and pieces[i]["space"]:
        i += 1
    return i


def script(inner: str, sign: str) -> str:
    """Raised or lowered letters where Unicode has all of them, else `^(…)`."""
    inner = inner.strip()
    if sign == "^" and set(inner) <= {"ᵀ", "′"}:
        return inner
    moved = inner.translate(RAISED if sign == "^" else LOWERED)
    if inner and all(a != b for a, b in zip(inner, moved)):
        return moved
    return f"{sign}{inner}" if len(inner) == 1 else f"{sign}({inner})"


def closed(inner: str) -> str:
    """A part of a fraction, in brackets where it is a sum or a product."""
    inner = inner.strip()
    return f"({inner})" if re.search(r"[+\-−·×/=\s]", inner) else inner


def greek(name: str) -> str:
    """δ for delta; nothing for what is no Greek letter."""
    try:
        return unicodedata.lookup(
            f"GREEK {'CAPITAL' if name[0].isupper() else 'SMALL'} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}"
        )
    except KeyError:
        return ""
