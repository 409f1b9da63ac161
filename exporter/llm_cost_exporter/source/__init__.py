"""Following logs: files and globs through rotation, truncation and restarts, standard input, .gz.

    Source      follows; hands on batches of complete lines, and positions to save with what was counted of them
    read_all    reads given files once and whole

Layers, each importing only those below it:

    follow                          the Source: poll, read, done
    watch   backlog   status        the watched paths; the backlog at start; what is told
    rotation                        where contents go that leave their path (what no reader can save is said there)
    copies   startend               is this file that one?
    tracker   listing               shared memory; folders
    plain   gz   stdin   whole      bytes to batches of lines
    book   handles   discovery      positions; open files; globs
    file   lines   batch   position   identity   names
"""

from __future__ import annotations

from llm_cost_exporter.source.batch import Batch, Line, Piece, TooLong
from llm_cost_exporter.source.file import FileStatus, FollowedFile
from llm_cost_exporter.source.follow import Source
from llm_cost_exporter.source.position import Position
from llm_cost_exporter.source.whole import WholeFile, find_whole, read_all

__all__ = [
    "Batch", "FileStatus", "FollowedFile", "Line", "Piece", "Position", "Source", "TooLong", "WholeFile",
    "find_whole", "read_all",
]  # fmt: skip
