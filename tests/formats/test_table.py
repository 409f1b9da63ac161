"""The table of formats is complete, documented, and what a newcomer needs to add to it."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

from llm_cost_exporter import formats
from llm_cost_exporter.formats import FORMATS, readers_for

DOCS = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.NAME)
def test_a_format_is_whole(module: ModuleType) -> None:
    """A format has a name of its own, keys, a reader, and says in its docstring what it reads; the docs have a row for it."""
    assert module.__name__.rpartition(".")[2] == module.NAME
    assert module.KEYS
    assert all(isinstance(keys, frozenset) and keys for keys in module.KEYS)
    assert callable(module.read)
    assert len(module.__doc__ or "") > 200
    assert f"`{module.NAME}`" in DOCS


@pytest.mark.parametrize(
    "module", [m for m in FORMATS if not getattr(m, "FALLBACK", False)], ids=lambda module: module.NAME
)
def test_a_format_says_what_its_input_includes(module: ModuleType) -> None:
    """Whether cached tokens are in the input is the trap of this field: every format says it."""
    assert "INCLUDES" in (module.__doc__ or "") or "EXCLUDES" in (module.__doc__ or "")


def test_every_module_with_a_name_is_in_the_table() -> None:
    """A format that was forgotten in the table would read nothing."""
    found = set()
    for info in pkgutil.iter_modules(formats.__path__):
        module = __import__(f"{formats.__name__}.{info.name}", fromlist=["NAME"])
        if hasattr(module, "NAME"):
            found.add(module.NAME)
    assert found == {module.NAME for module in FORMATS}
    assert len(found) == len(FORMATS)


def test_candidates_are_told_by_keys() -> None:
    """Only formats whose keys a record has are tried, in the table's order."""
    assert readers_for(frozenset(("level", "msg"))) == ()
    names = [name for name, _ in readers_for(frozenset(("model", "usage", "prompt_tokens")))]
    vendors = ["anthropic_messages", "openai_responses", "openai_chat", "plain_prompt"]
    assert [name for name in names if name in vendors] == vendors
    assert names == [module.NAME for module in FORMATS if module.NAME in names]
    assert [name for name, _ in readers_for(frozenset(("model", "usage")), "cohere")] == ["cohere"]
    assert [name for name, _ in readers_for(frozenset(("model", "usage")), "openai_chat")] == [
        "openai_chat", "xai", "groq", "mistral", "deepseek",
    ]  # fmt: skip
