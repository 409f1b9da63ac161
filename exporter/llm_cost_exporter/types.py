"""What the stages of the data path hand to each other.

    source -> envelope -> record -> usage -> price -> ledger -> metrics -> HTTP

Meters are what is counted and priced; kinds (the label `token_type`) are what is shown. Several meters are one kind: a
cache write of five minutes and one of an hour are priced apart and both shown as cache_write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

__all__ = [
    "FAILURE_REASONS", "KINDS", "KIND_OF_METER", "METERS", "MOST_TOKENS", "REJECT_REASONS",
    "TOLD_VARIANTS", "FileState", "Part", "Rejected", "Skip", "Usage",
]  # fmt: skip

KINDS: Final = (
    "input", "cache_read", "cache_write", "output", "reasoning",
    "audio_input", "audio_output", "image_input", "image_output", "video_input",
)  # fmt: skip

KIND_OF_METER: Final[dict[str, str]] = {
    "input": "input",
    "cache_read": "cache_read",  # cached text, or cached input of unknown modality
    "cache_read_audio": "cache_read",
    "cache_read_image": "cache_read",
    "cache_read_video": "cache_read",
    "cache_write": "cache_write",  # time to live not told
    "cache_write_5m": "cache_write",
    "cache_write_1h": "cache_write",
    "output": "output",
    "reasoning": "reasoning",
    "audio_input": "audio_input",
    "audio_output": "audio_output",
    "image_input": "image_input",
    "image_output": "image_output",
    "video_input": "video_input",
}
METERS: Final = tuple(KIND_OF_METER)

MOST_TOKENS: Final = 10_000_000_000  # of one meter in one record; more is garbage, not spend

TOLD_VARIANTS: Final[dict[str, tuple[str, ...]]] = {
    "processing": ("batch",),
    "service_tier": ("flex", "priority", "fast"),
    "speed": ("fast",),
}
"""What a record can tell of the price variant that its call was served at, in the terms of the genai-prices catalogue."""

REJECT_REASONS: Final = ("bad_json", "bad_count", "too_long", "too_deep", "bad_time")
FAILURE_REASONS: Final = ("rate_limited", "timeout", "server_error", "client_error", "other")

Reason = Literal["bad_json", "bad_count", "too_long", "too_deep", "bad_time"]
Failure = Literal["rate_limited", "timeout", "server_error", "client_error", "other"]

FileState = dict[str, Any]
"""What formats remember of one file between lines: ids, model names, numbers; never text. JSON-able, saved with the offset."""


@dataclass(slots=True)
class Usage:
    """One call (or a further part of one) as a format read it.

    Token counts are disjoint, by meter, each above 0. `logged_time` and `model`/`provider` are as logged (the record
    stage resolves times, the price book names). `time` is epoch seconds and set by the record stage, as are `labels`.
    """

    model: str | None = None
    provider: str | None = None
    tokens: dict[str, int] = field(default_factory=dict)
    logged_time: object = None
    id: str | None = None  # of the call; None: never deduplicated
    id_is_vendors: bool = True  # a vendor's response id is global; any other id is its source entry's own
    failure: Failure | None = None
    latency_ns: int | None = None
    reported_usd: int | None = None  # 1e-24 USD, what the record itself says it cost
    context: tuple[
        tuple[str, str], ...
    ] = ()  # price variant, such as (("processing", "batch"),) or (("service_tier", "flex"),)
    gateway_cache_hit: bool = False  # tokens counted, cost 0, never unpriced
    without_usage: bool = False  # a call that carries no usage at all (a stream logged without it)
    continues: bool = False  # a later part of a call that an earlier line gave (same id): joined, not a duplicate
    time: float = 0.0
    labels: tuple[str, ...] = ()  # values of the configured labels, in the order of LabelReader.names
    request_id: str | None = None  # for exemplars; None: the id
    said: dict[str, Any] | None = (
        None  # where labels are looked for beside the record: what was JSON in a string, or a list
    )


@dataclass(frozen=True, slots=True)
class Skip:
    """The line shows no sign of usage. `why` is for `explain` (a constant text, never content of the line)."""

    why: str = "no sign of usage"


@dataclass(frozen=True, slots=True)
class Rejected:
    """The line may have been spend and can't be read. `detail` is for `explain`: names a key, never content."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The line was joined to another one: a part of a split line, or a chunk that adds nothing by itself."""

    why: str = "part of a split line"


class Clock(Protocol):
    """Time, injected. `wall` is epoch seconds and may step; `monotonic` never goes back; `cpu` is what this thread had of a core."""

    def wall(self) -> float: ...
    def monotonic(self) -> float: ...
    def cpu(self) -> float: ...
