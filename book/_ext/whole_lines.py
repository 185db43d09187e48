"""Printed lines stay whole.

A kernel sends what one `print(a, b)` writes in one message or in several, as the moment has it. MyST-NB puts each
message on a line of its own when it merges them; here they are joined first.
"""

from typing import Any

from myst_nb.core import render
from myst_nb.core.utils import coalesce_streams


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs with all messages of a stream in its first one, as they were written."""
    streams: dict[str, Any] = {}
    for output in outputs:
        if output["output_type"] == "stream" and streams.setdefault(output["name"], output) is not output:
            streams[output["name"]]["text"] += output["text"]
    return [one for one in outputs if one["output_type"] != "stream" or streams[one["name"]] is one]


def setup(app: Any) -> dict[str, bool]:
    """Stand before MyST-NB's own merging."""
    render.coalesce_streams = lambda outputs: coalesce_streams(joined(outputs))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
