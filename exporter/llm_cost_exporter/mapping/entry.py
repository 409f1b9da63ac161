"""What the files of a source entry with a mapping share."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.mapping.calls import CallReader
from llm_cost_exporter.mapping.reader import MappedReader
from llm_cost_exporter.mapping.settings import parse
from llm_cost_exporter.mapping.table import TableReader
from llm_cost_exporter.record import EntryReader, RecordReader
from llm_cost_exporter.types import FileState

__all__ = ["MappedEntry"]


class MappedEntry(EntryReader):
    """As EntryReader, for an entry whose `format` is a mapping. Raises ValueError where it is none."""

    def __init__(
        self, mapping: dict[str, Any], labels: LabelReader, *, zone: tzinfo = UTC, line_bytes: int = 1 << 20
    ) -> None:
        super().__init__("auto", labels, zone=zone, line_bytes=line_bytes)
        self.mapping = parse(mapping)
        self.calls = CallReader(self.mapping)
        self.mapped_labels = tuple(
            (labels.names.index(name), path.get) for name, path in self.mapping.labels.items() if name in labels.names
        )

    def file(self, path: str, *, state: FileState | None = None, previous_time: float | None = None) -> RecordReader:
        """A reader for one file, as EntryReader's."""
        kind = MappedReader if self.mapping.delimiter is None else TableReader
        return kind(self, path, {} if state is None else state, previous_time)
