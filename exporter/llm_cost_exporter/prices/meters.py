"""Which price a meter is charged at, and which key of the genai-prices catalogue holds it.

A meter without a price of its own takes that of the nearest wider one: a cached audio token of a model that prices
cached input but no cached audio is cached input. The catalogue allows one answer only: where two of its prices overlap
(cached input and audio input) it must also price what they have in common (cached audio), and its build refuses a model
that does not. A price file need not: there a cached token is charged as cached first, whatever its modality.

What a model has no price for at all stays without one: output tokens of a model with an input price only, or any tokens
of a model that is priced by the hour of audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from llm_cost_exporter.types import METERS

__all__ = ["CATALOGUE_KEYS", "CHARGED_AS", "resolve"]

PriceT = TypeVar("PriceT")

CATALOGUE_KEYS: Final[dict[str, str]] = {
    "input": "input_mtok",
    "cache_read": "cache_read_mtok",
    "cache_read_audio": "cache_audio_read_mtok",
    "cache_read_image": "cache_image_read_mtok",
    "cache_read_video": "cache_video_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_5m": "cache_write_5m_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
    "reasoning": "output_reasoning_mtok",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
    "image_input": "input_image_mtok",
    "image_output": "output_image_mtok",
    "video_input": "input_video_mtok",
}

CHARGED_AS: Final[dict[str, tuple[str, ...]]] = {
    "input": ("input",),
    "cache_read": ("cache_read", "input"),
    "cache_read_audio": ("cache_read_audio", "cache_read", "audio_input", "input"),
    "cache_read_image": ("cache_read_image", "cache_read", "image_input", "input"),
    "cache_read_video": ("cache_read_video", "cache_read", "video_input", "input"),
    # A write whose time to live is not told has the default one, which is five minutes.
    "cache_write": ("cache_write", "cache_write_5m", "input"),
    "cache_write_5m": ("cache_write_5m", "cache_write", "input"),
    "cache_write_1h": ("cache_write_1h", "cache_write", "input"),
    "output": ("output",),
    "reasoning": ("reasoning", "output"),
    "audio_input": ("audio_input", "input"),
    "audio_output": ("audio_output", "output"),
    "image_input": ("image_input", "input"),
    "image_output": ("image_output", "output"),
    "video_input": ("video_input", "input"),
}
"""For each meter the prices that serve it, most specific first."""


def resolve(own: Mapping[str, PriceT]) -> dict[str, PriceT]:
    """The price of every meter that can be charged, from the prices that a model has of its own."""
    found: dict[str, PriceT] = {}
    for meter in METERS:
        for candidate in CHARGED_AS[meter]:
            price = own.get(candidate)
            if price is not None:
                found[meter] = price
                break
    return found
