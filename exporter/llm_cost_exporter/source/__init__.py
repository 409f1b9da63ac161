"""Following logs: files and globs through rotation, truncation and restarts, standard input, .gz.

    Source      follows; hands on batches of complete lines, and positions to save with what was counted of them
    read_all    reads given files once and whole
    copies      which of given files are another one's .gz

Layers, each importing only those below it or beside it:

    follow                                  the Source: poll, read, done
    watch   arrivals   reading   status     the watched paths; what came there; whose turn it is; what is told
    rotation   bridge   lost                where contents go that leave their path; what no reader can save
    copies   evidence   startend            is this file that one?
    tracker   backlog                       what is being followed; is the backlog read
    plain   gz   stdin   whole   pairs      bytes to batches of lines
    book   handles   discovery   listing    positions; open files; globs; folders
    file   lines   batch   position   identity   names
"""

from __future__ import annotations

from llm_cost_exporter.source.batch import Batch, Line, Piece, TooLong
from llm_cost_exporter.source.file import FileStatus, FollowedFile
from llm_cost_exporter.source.follow import Source
from llm_cost_exporter.source.pairs import copies
from llm_cost_exporter.source.position import Position
from llm_cost_exporter.source.whole import WholeFile, find_whole, read_all

__all__ = [
    "Batch", "FileStatus", "FollowedFile", "Line", "Piece", "Position", "Source", "TooLong", "WholeFile",
    "copies", "find_whole", "read_all",
]  # fmt: skip
