"""FILEs of a command line, and which source of a configuration they are read as."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from llm_cost_exporter.commands.files import for_files
from llm_cost_exporter.config import Config, load
from llm_cost_exporter.errors import UsageError


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Two sources, of the apps shop and desk; the second is read through a link, and from standard input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real.jsonl").touch()
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    (tmp_path / "alias.jsonl").symlink_to("shop.jsonl")
    (tmp_path / "exporter.yml").write_text("""
        sources:
          - {paths: ['logs/**/*.jsonl', shop.jsonl], labels: {app: shop}}
          - {paths: [link.jsonl, '-'], labels: {app: desk}}
    """)
    return load(tmp_path / "exporter.yml")


def apps(config: Config) -> list[str | None]:
    return [source.labels.get("app") for source in config.sources]


def test_without_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FILEs become entries of their own, absolute, each once; an existing file is never taken for a glob."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "us[a]ge*.jsonl").touch()
    config = for_files(["us[a]ge*.jsonl", "new/*.jsonl", "-", "-", "/x/y"], ":0", "state")
    assert [source.paths for source in config.sources] == [
        (f"{tmp_path}/us[[]a]ge[*].jsonl",),
        (f"{tmp_path}/new/*.jsonl",),
        ("-",),
        ("/x/y",),
    ]
    assert (config.listen, config.state_dir) == (":0", tmp_path / "state")


@pytest.mark.parametrize(
    ("file", "app"),
    [
        ("logs/a/b/c.jsonl", "shop"),
        ("logs/d.jsonl", "shop"),
        ("shop.jsonl", "shop"),
        ("alias.jsonl", "shop"),  # a link to what it names
        ("shop.jsonl.1", "shop"),
        ("shop.jsonl.2.gz", "shop"),
        ("shop-20261130.jsonl", "shop"),
        ("logs/x/d.jsonl-20261130.gz", "shop"),
        ("link.jsonl", "desk"),
        ("real.jsonl", "desk"),  # it names a link to it
        ("-", "desk"),
        ("shop.jsonl.bak", None),
    ],
)
def test_the_source_that_names_it(base: Config, caplog: pytest.LogCaptureFixture, file: str, app: str | None) -> None:
    """A FILE is read as the source that names it, through links and rotation too; what none names is told."""
    assert apps(for_files([file], base=base)) == [app]
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ([] if app else [
        f"{file}: no source of the configuration names it: read as format auto, with nothing that a source says; --source N names one"
    ])  # fmt: skip


def test_the_only_source(base: Config) -> None:
    """With one source there is nothing to choose: a copy, or a part on standard input, is read as it says."""
    only = base.model_copy(update={"sources": base.sources[:1]})
    assert apps(for_files(["copy.jsonl", "-"], base=only)) == ["shop", "shop"]


def test_a_source_by_its_number(base: Config) -> None:
    """--source N is the last word, whatever names the FILE; there must be one of that number."""
    assert apps(for_files(["shop.jsonl", "copy.jsonl"], base=base, source=1)) == ["desk", "desk"]
    with pytest.raises(UsageError, match=r"^--source 2: there is no such source; 0 to 1 would be right"):
        for_files(["a"], base=base, source=2)
    with pytest.raises(UsageError, match=r"^--source 0: there is no such source; a configuration with sources would"):
        for_files(["a"], source=0)


def test_a_name_that_is_none() -> None:
    """An unset variable is no FILE."""
    with pytest.raises(UsageError, match=r"^a FILE has an empty name"):
        for_files([""])
