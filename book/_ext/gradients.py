"""Gradients are orange in code, too: names like `dW2`, `delta` and `.grad`."""

import re
from collections.abc import Iterator
from typing import Any

from IPython.lib.lexers import IPython3Lexer
from pygments.lexers import PythonLexer
from pygments.token import STANDARD_TYPES, Name

GRADIENT = Name.Gradient
NAMES = re.compile(r"d[A-Z]\w*|d[a-z]\d*|\w*grad(ient)?s?|delta\w*|upstream")


class Orange:
    """A lexer that tells gradients from other names."""

    def get_tokens_unprocessed(self, *arguments: Any, **more: Any) -> Iterator[tuple[int, Any, str]]:
        """The tokens, some of them renamed."""
        for at, kind, text in super().get_tokens_unprocessed(*arguments, **more):  # type: ignore[misc]
            yield at, GRADIENT if kind is Name and NAMES.fullmatch(text) else kind, text


def setup(app: Any) -> dict[str, bool]:
    """For the cells and for plain blocks."""
    STANDARD_TYPES[GRADIENT] = "gradient"
    for name, lexer in ("ipython3", IPython3Lexer), ("python", PythonLexer):
        app.add_lexer(name, type("Orange", (Orange, lexer), {}))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
