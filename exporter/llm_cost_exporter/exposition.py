"""The text of many samples, in Prometheus' text format or OpenMetrics, written line by line.

prometheus_client makes an object and a dictionary for each sample, which takes ten times as long. A scrape of 50,000 samples is one of the exporter's few long pieces of work, and it takes the interpreter from the thread that reads the log.
So nothing is made for a sample but its line: no object, no dictionary of labels. Label sets are written out once for all their samples.
Lines are handed on a thousand at a time: all at once they take several times the room of the exposition, which memory then never gives back.

Sources: prometheus/docs, exposition_formats.md; OpenMetrics 1.0.
"""

from __future__ import annotations

from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Page", "labels_text"]

_AT_ONCE: Final = 1024  # lines


def labels_text(names: Iterable[str], values: Iterable[str]) -> str:
    """`provider="openai",model="gpt"`: names are ours and need no escaping, values may be anything."""
    return ",".join([f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)])


def _escaped(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value


class Page:
    """An exposition in the making: a family's head, then its samples, then the next family. `write` is given the text, piece by piece."""

    def __init__(self, write: Callable[[bytes], object], *, openmetrics: bool) -> None:
        self.openmetrics = openmetrics
        self._write = write

    def family(self, kind: str, name: str, text: str) -> str:
        """Begin a family; `name` without `_total`. Returns the name of its samples."""
        sample = f"{name}_total" if kind == "counter" else name
        family = name if self.openmetrics else sample
        self._write(f"# HELP {family} {text}\n# TYPE {family} {kind}\n".encode())
        return sample

    def samples(self, name: str, rows: Iterable[tuple[str, float]]) -> None:
        """Samples: labels as `labels_text` gives them, and the value."""
        rows = iter(rows)
        while lines := [f"{name}{{{labels}}} {value!r}\n" for labels, value in islice(rows, _AT_ONCE)]:
            self._write("".join(lines).encode())

    def histogram(
        self, name: str, labels: str, bounds: Sequence[str], counts: Iterable[int], total: float,
        exemplars: Mapping[int, tuple[str, float, float]],
    ) -> None:  # fmt: skip
        """The samples of one histogram. `bounds` are the values of `le`, +Inf the last; `counts` those of each bucket alone.

        Exemplars by bucket: labels as text, value, and time in epoch seconds.
        """
        head = f'{name}_bucket{{{labels},le="'
        running = list(accumulate(counts))
        lines = [f'{head}{bound}"}} {count}.0\n' for bound, count in zip(bounds, running, strict=True)]
        if exemplars and self.openmetrics:
            for bucket, (told, value, when) in list(exemplars.items()):
                lines[bucket] = f"{lines[bucket][:-1]} # {{{told}}} {value!r} {when:.6f}\n"
        lines.append(f"{name}_count{{{labels}}} {running[-1]}.0\n{name}_sum{{{labels}}} {total!r}\n")
        self._write("".join(lines).encode())
