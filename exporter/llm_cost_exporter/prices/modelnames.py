"""From a model's name as logged to the names under which a price list may have it.

Each step takes off what says where or how the model was called: a gateway's prefix, a resource path, a region, the date
of a snapshot. None turns one model into another. The label of the metrics stays the name as logged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from llm_cost_exporter.prices.providers import known_spelling, spelled

__all__ = ["bedrock_vendor", "candidates", "host_of", "spellings"]

_VENDORS: Final = (
    "ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshotai|moonshot|nvidia|openai|qwen|stability"
    "|twelvelabs|writer|zai"
)
_REGIONS: Final = "us-gov|us|eu|apac|jp|au|ca|in|sa|mx|af|il|me"
_DATE: Final = r"20\d\d(?P<dash>-?)(?:0[1-9]|1[0-2])(?P=dash)(?:0[1-9]|[12]\d|3[01])"

_BEDROCK_ID: Final = re.compile(rf"(?:(?:{_REGIONS}|global)\.)?(?P<vendor>{_VENDORS})\.(?=[a-z])")
_BEDROCK_REGION: Final = re.compile(rf"(?:{_REGIONS})\.(?=(?:{_VENDORS})\.)")
_BEDROCK_ARN: Final = re.compile(r"arn:aws[a-z-]*:bedrock:[^:/]*:[^:/]*:(?P<kind>[^/]*)/(?P<id>.+)")
# The catalogue has the prices of the first regions in the US; most vendors' models cost more elsewhere, Anthropic's don't.
_AWS_ROUTE: Final = re.compile(
    r"(?:converse|converse_like|invoke|us-(?:east-[12]|west-2)|[a-z]{2}-[a-z]+-\d(?=/anthropic\.))/"
)
_GOOGLE_PATH: Final = re.compile(
    r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/(?P<publisher>[^/]+)/)?models/(?P<id>[^/]+)$"
)
_CONTEXT_SUFFIX: Final = re.compile(r"\[\d+[km]\]$")
_ALIAS_SUFFIX: Final = re.compile(r"@(?:default|latest)$")
_COMPACT_DATE: Final = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=$|[-:])")
_SNAPSHOT: Final = re.compile(rf"[-@]{_DATE}(?:-v\d+(?::\d+)?)?$")
_AFTER_CLAUDE: Final = r"$|[@:].*|-(?:20\d\d|[a-z]).*"
_CLAUDE_3: Final = re.compile(
    rf"^(?P<before>.*[./])?claude-(?P<version>\d+(?:[.-]\d)?)-(?P<family>[a-z]+)(?P<after>{_AFTER_CLAUDE})"
)
_CLAUDE_4: Final = re.compile(
    rf"^(?P<before>.*[./])?claude-(?P<family>[a-z]+)-(?P<version>\d+(?:[.-]\d)?)(?P<after>{_AFTER_CLAUDE})"
)

# Who sells other vendors' models under the vendor's own names. For all others `openai/…` is part of the model's name.
_RESELLS: Final[dict[str, frozenset[str]]] = {
    "azure": frozenset({"openai", "anthropic", "deepseek", "x-ai", "moonshotai"}),
    "google": frozenset({"anthropic"}),
    "github-copilot": frozenset({"openai", "anthropic", "google", "x-ai"}),
}
_MOST_NAMES: Final = 48
_LONGEST: Final = 512


def bedrock_vendor(model: str) -> str | None:
    """The vendor in a model id of AWS Bedrock (`us.anthropic.claude-…`, `amazon.nova-…`); None where it is no such id."""
    found = _BEDROCK_ID.match(model.lower())
    return found["vendor"] if found else None


def host_of(model: str) -> str | None:
    """The provider that the form of the name alone gives away: Bedrock by ARN or id, Google by resource path."""
    low = model.lower()
    if _BEDROCK_ARN.search(low) or _BEDROCK_ID.match(low):
        return "aws"
    path = _GOOGLE_PATH.match(low)
    return "google" if path and (path["publisher"] or low.startswith("projects/")) else None


def candidates(provider: str, model: str) -> list[str]:
    """Names to look up in the price list of `provider`, nearest to `model` first, in lower case, none twice.

    The list is empty for what has no list price: a custom model's or an application profile's ARN.
    """
    low = model.strip().lower()
    if not low or len(low) > _LONGEST:
        return []
    names = _from_arn(low) if "arn:aws" in low or "arn%3aaws" in low else [low]
    for step in _STEPS:
        for name in tuple(names):
            for further in step(provider, name):
                if further and further not in names and len(names) < _MOST_NAMES:
                    names.append(further)
    return names


def spellings(provider: str, model: str) -> set[str]:
    """The names, in lower case, that a price file may have `model` by: as logged, and without `provider/` or `[1m]`."""
    low = model.strip().lower()
    names = {low, *_without_prefix(provider, low)} if len(low) <= _LONGEST else {low}
    return names | {_CONTEXT_SUFFIX.sub("", name) for name in names}


def _from_arn(model: str) -> list[str]:
    found = _BEDROCK_ARN.search(model.replace("%3a", ":").replace("%2f", "/"))
    # Custom, imported and provisioned models and application profiles have ids that say nothing of the model.
    return [found["id"]] if found and found["kind"] in ("foundation-model", "inference-profile") else []


def _without_prefix(provider: str, model: str) -> Iterator[str]:
    """`bedrock/us-east-1/x`, `openrouter/anthropic/x`, `litellm_proxy/openai/x`: whoever is asked stands before the name."""
    while True:
        first, slash, rest = model.partition("/")
        if not slash or not _is_prefix(provider, first, model):
            return
        model = rest
        yield model


def _is_prefix(provider: str, first: str, model: str) -> bool:
    word = spelled(first)
    if word in (spelled(provider), "litellm", "litellm-proxy"):
        return True
    if word == "huggingface" and provider.startswith("huggingface_"):
        return True
    if provider == "aws" and _AWS_ROUTE.match(model):
        return True
    # Not `us/` and `eu/`: data zones cost more than the global deployments whose price the catalogue has.
    if provider == "azure" and word in ("global", "global-standard"):
        return True
    named = known_spelling(first)
    return named is not None and (named == provider or named in _RESELLS.get(provider, ()))


def _without_path(provider: str, model: str) -> Iterator[str]:
    """`models/x`, `publishers/google/models/x`, and Fireworks' short names."""
    found = _GOOGLE_PATH.match(model) if provider in ("google", "anthropic") else None
    if found:
        yield found["id"]
    if provider == "fireworks" and "/" not in model:
        yield f"accounts/fireworks/models/{model}"


def _without_context_mark(_: str, model: str) -> Iterator[str]:
    """`claude-opus-5[1m]`, as Claude Code writes it. The price of a long prompt is a tier, chosen by its length."""
    yield _CONTEXT_SUFFIX.sub("", model)


def _of_region(provider: str, model: str) -> Iterator[str]:
    """A regional profile of Bedrock costs what the model costs by its plain id; a global one may cost less."""
    if provider == "aws" and (found := _BEDROCK_REGION.match(model)):
        yield model[found.end() :]


def _vertex_version(_: str, model: str) -> Iterator[str]:
    """`claude-opus-4-1@20250805` and `gemini-2.5-pro@default`."""
    yield _ALIAS_SUFFIX.sub("", model)
    if "@" in model[1:]:
        yield model[0] + model[1:].replace("@", "-")


def _claude_order(_: str, model: str) -> Iterator[str]:
    """Up to 3.7 the version came before the family, since then after it, and not everybody follows."""
    found = _CLAUDE_4.match(model) or _CLAUDE_3.match(model)
    if found:
        before, family, after = found["before"] or "", found["family"], found["after"]
        for version in (found["version"].replace("-", "."), found["version"].replace(".", "-")):
            yield f"{before}claude-{family}-{version}{after}"
            yield f"{before}claude-{version}-{family}{after}"


def _dashed_date(_: str, model: str) -> Iterator[str]:
    """`gpt-5.2-20251211`, as LiteLLM and OpenRouter write the dates of OpenAI's snapshots."""
    yield _COMPACT_DATE.sub(r"-\1-\2-\3", model)


def _without_date(_: str, model: str) -> Iterator[str]:
    """A snapshot that the list doesn't name costs what the model costs: those that don't are named in it."""
    yield _SNAPSHOT.sub("", model)


_STEPS: Final[tuple[Callable[[str, str], Iterable[str]], ...]] = (
    _without_prefix,
    _without_path,
    _without_context_mark,
    _of_region,
    _vertex_version,
    _claude_order,
    _dashed_date,
    _without_date,
)
