"""A configuration is taken as it is written, or refused in one line that names file, key and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.config import (
    Config,
    LabelConfig,
    SourceConfig,
    load,
    parse_path_labels,
    with_overrides,
)
from llm_cost_exporter.config.load import check
from llm_cost_exporter.errors import ConfigError, UsageError

REPO = Path(__file__).parents[2]


Writer = Callable[[str], Path]


@pytest.fixture
def exporter_yml(tmp_path: Path) -> Writer:
    """Writes exporter.yml and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "exporter.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


WRONG = {
    "": 'is empty; sources: [{paths: ["/var/log/app/*.jsonl"]}] would be right',
    "# nothing\n": 'is empty; sources: [{paths: ["/var/log/app/*.jsonl"]}] would be right',
    "- a\n": 'must be a mapping (key: value); sources: [{paths: ["/var/log/app/*.jsonl"]}] would be right',
    "timezone: UTC": 'sources: is missing or empty; sources: [{paths: ["/var/log/app/*.jsonl"]}] would be right',
    "sources: []": 'sources: is missing or empty; sources: [{paths: ["/var/log/app/*.jsonl"]}] would be right',
    "sources:": "sources: is empty; give it a value or leave the key out",
    "sources: {paths: [a]}": "sources: must be a list; each entry begins with `- paths: [...]`",
    "sources: [a]": "sources[0]: must be a mapping (key: value)",
    "sources: [{}]": "sources[0].paths: is missing",
    "sources: [{paths: []}]": 'sources[0].paths: is empty; a list of paths or globs, such as ["/var/log/app/*.jsonl"], would be right',
    "sources: [{paths: ['']}]": "sources[0].paths[0]: is empty; a path or glob such as /var/log/app/*.jsonl would be right",
    "sources: [{paths: [5]}]": "sources[0].paths[0]: must be text; a number or a word such as true is written in quotes",
    'sources: [{paths: ["a\\u0007"]}]': "sources[0].paths[0]: has a control character; a path or glob such as /var/log/app/*.jsonl would be right",
    "sources: [{paths: [a]}, {paths: [b, a]}]": "sources[1].paths: 'a' stands in sources[0] too; a file is read by one entry only",
    "sourcs: [{paths: [a]}]": "sourcs: unknown key; did you mean 'sources'?",
    "State-Dir: x": "State-Dir: unknown key; did you mean 'state_dir'?",
    "frobnicate: 1": "frobnicate: unknown key; listen, state_dir, timezone, ledger, new_series_hold, late_after, shutdown_linger, "
    "sources, labels, prices, dedup or limits would be right",
    "sources: [{paths: [a], start: end}]": "sources[0].start: unknown key; did you mean 'start_at'?",
    "sources: [{paths: [a], start_at: ending}]": "sources[0].start_at: 'ending' is not known; 'beginning' or 'end' would be right",
    "sources: [{paths: [a], trust_reported: yes}]": "sources[0].trust_reported: must be true or false",
    "sources: [{paths: [a], timezone: Mars/Olympus}]": "sources[0].timezone: no time zone 'Mars/Olympus'; an IANA name such as "
    "Europe/Berlin would be right",
    "sources: [{paths: [a], labels: {app: 5}}]": "sources[0].labels.app: must be text; a number or a word such as true is written in quotes",
    "sources: [{paths: [a], labels: {pod: x}}]": "sources[0].labels.pod: pod is a scrape target's own label; another name, such as log_pod, "
    "would be right",
    "sources: [{paths: [a], path_labels: /var/log}]": "sources[0].path_labels: has no placeholder; a pattern such as /var/log/{app}/*.log "
    "would be right",
    "sources: [{paths: [a], path_labels: '/{app}/{app}'}]": "sources[0].path_labels: gives the label app twice; once, and {_} for what is to be "
    "ignored, would be right",
    "sources: [{paths: [a], path_labels: '/{pod}/{log_pod}'}]": "sources[0].path_labels: gives the label log_pod twice; once, and {_} for what "
    "is to be ignored, would be right",
    "sources: [{paths: [a], path_labels: '/{app'}]": "sources[0].path_labels: a `{` is not closed; {name} would be right",
    "sources: [{paths: [a], path_labels: '/app}'}]": "sources[0].path_labels: a `}` has no `{` before it; {name} would be right",
    "sources: [{paths: [a], path_labels: '/{a-b}'}]": "sources[0].path_labels: {a-b} is no placeholder; letters, digits and _ would be right",
    "labels: {provider: [a]}": "labels.provider: provider is a label of the exporter's own; another name, such as log_provider, would be right",
    "labels: {exported_app: [a]}": "labels.exported_app: Prometheus itself makes names that begin with exported_; another name would be right",
    "labels: {__x: [a]}": "labels.__x: names that begin with __ (and _ alone) are kept for Prometheus; another name would be right",
    "labels: {user-id: [a]}": "labels.user-id: a label's name has letters, digits and _ only, begins with no digit, and has at most 64 characters",
    "labels: {ümlaut: [a]}": "labels.ümlaut: a label's name has letters, digits and _ only, begins with no digit, and has at most 64 characters",
    "labels: {1: [a]}": "labels[1]: must be text; a number or a word such as true is written in quotes",
    "labels: {user: 5}": "labels.user: must be a mapping (key: value)",
    "labels: {user: {max_values: 5}}": "labels.user.paths: is missing; a list of keys of the record, such as [metadata.user], would be right",
    "labels: {user: {paths: [a], max_values: 0}}": "labels.user.max_values: a whole number from 1 to 1000000 would be right",
    "labels: {user: {paths: [a], keep: 1}}": "labels.user.keep: must be true or false",
    "labels: {user: {path: [a]}}": "labels.user.path: unknown key; did you mean 'paths'?",
    "labels: []": "labels: must be a mapping (key: value)",
    "listen: 9478": "listen: HOST:PORT would be right, such as 0.0.0.0:9478 or :9478",
    "listen: localhost": "listen: 'localhost' has no port; HOST:PORT would be right, such as 0.0.0.0:9478, 127.0.0.1:9478, :9478 or [::]:9478",
    "listen: 'localhost:99999'": "listen: 'localhost:99999' has no port from 0 to 65535; HOST:PORT would be right, such as 0.0.0.0:9478, "
    "127.0.0.1:9478, :9478 or [::]:9478",
    "listen: '::1:9478'": "listen: '::1:9478': an IPv6 address is written in brackets; HOST:PORT would be right, such as 0.0.0.0:9478, "
    "127.0.0.1:9478, :9478 or [::]:9478",
    "listen: 'http://x:9478'": "listen: 'http://x:9478' is a URL; HOST:PORT would be right, such as "
    "0.0.0.0:9478, 127.0.0.1:9478, :9478 or [::]:9478",
    "listen: '[::g]:9478'": "listen: '[::g]:9478' has no IPv6 address in the brackets; HOST:PORT would be right, such as 0.0.0.0:9478, "
    "127.0.0.1:9478, :9478 or [::]:9478",
    "state_dir: 5": "state_dir: a path would be right",
    "state_dir: ''": "state_dir: is empty; a path would be right",
    "timezone: +07:00": "timezone: no time zone '+07:00'; an IANA name such as Europe/Berlin would be right",
    "timezone: ../../etc/passwd": "timezone: no time zone '../../etc/passwd'; an IANA name such as Europe/Berlin would be right",
    "timezone:": "timezone: is empty; give it a value or leave the key out",
    "ledger: ''": "ledger: is empty; a short name such as checkout-prod would be right",
    "new_series_hold: 75": "new_series_hold: 75 has no unit; a duration with a unit, such as 75s, 5m, 1h30m or 35d, would be right",
    "late_after: 5 min": "late_after: '5 min' is no duration; a duration with a unit, such as 75s, 5m, 1h30m or 35d, would be right",
    "late_after: 30m1h": "late_after: '30m1h' is no duration; a duration with a unit, such as 75s, 5m, 1h30m or 35d, would be right",
    "late_after: -5m": "late_after: '-5m' is no duration; a duration with a unit, such as 75s, 5m, 1h30m or 35d, would be right",
    "late_after: [5m]": "late_after: a duration with a unit, such as 75s, 5m, 1h30m or 35d, would be right",
    "shutdown_linger: 2h": "shutdown_linger: from 0s to 1h would be right",
    "prices: p.yml": "prices: must be a mapping (key: value)",
    "prices: {fil: p.yml}": "prices.fil: unknown key; did you mean 'file'?",
    "prices: {aliases: {a: b}}": "prices.aliases.a: 'b' names no provider; PROVIDER/MODEL, such as azure/gpt-4o, would be right",
    "prices: {aliases: {My-Deployment: azure/a, other: azure/c, my-deployment: azure/b}}": "prices.aliases.my-deployment: is the same name as "
    "'My-Deployment': case makes no difference; one of them would be right",
    "prices: {aliases: {a: /b}}": "prices.aliases.a: '/b' names no provider; PROVIDER/MODEL, such as azure/gpt-4o, would be right",
    "dedup: {window: many}": "dedup.window: a whole number from 0 to 10000000 would be right",
    "dedup: {window: -1}": "dedup.window: a whole number from 0 to 10000000 would be right",
    "dedup: {max_age: 0s}": "dedup.max_age: from 1s to 400d would be right",
    "limits: {series: true}": "limits.series: a whole number from 1 to 1000000 would be right",
    "limits: {line_bytes: 1 potato}": "limits.line_bytes: '1 potato' is no size; a size such as 1MiB, 512KiB or 1048576 would be right",
    "limits: {line_bytes: 1}": "limits.line_bytes: from 1KiB to 256MiB would be right",
    "limits: {line_bytes: 1.5}": "limits.line_bytes: a size such as 1MiB, 512KiB or 1048576 would be right",
    "listen: a\nlisten: b": "line 2: the key 'listen' stands twice (first on line 1); once would be right",
    "sources:\n  - paths: [a]\n    paths: [b]": "line 3: the key 'paths' stands twice (first on line 2); once would be right",
    "sources: [": "line 1: expected the node content, but found '<stream end>' (while parsing a flow node)",
    "sources:\n\t- a": "line 2: a tab where YAML wants spaces",
    "a: b: c": "line 1: a `:` where none can be; is the indent right, or does a text with `: ` in it lack quotes?",
    "a: !!python/object/apply:os.system [x]": "line 1: a tag (`!…`) that is not known; leave it out",
    "--- {}\n--- {}": "line 2: a second document (`---`) begins here; one would be right",
    "listen: \x00": "is no text: at byte 8 is a character that YAML does not have",
    "[" * 5000: "is nested too deeply",
    "dedup: {window: "
    + "9" * 5000
    + "}": "line 1: a value can't be read as int; one that can, or it without a tag (`!!…`), would be right",
}
_TAGGED = {  # what PyYAML raises for them: ValueError, ValueError, IndexError, ValueError, KeyError, AttributeError, ValueError, TypeError
    '!!float ""': "float", "!!float x": "float", '!!int ""': "int", "!!int x": "int", "!!bool y": "bool",
    "!!timestamp x": "timestamp", "!!timestamp 2026-13-45": "timestamp", "!!float [1]": "float",
}  # fmt: skip
WRONG |= {
    f"# a\ndedup: {{window: {value}}}": f"line 2: a value can't be read as {kind}; one that can, or it without a tag (`!!…`), would be right"
    for value, kind in _TAGGED.items()
}


@pytest.mark.parametrize("text, message", WRONG.items())
def test_what_is_wrong_is_said_in_one_line(exporter_yml: Writer, text: Any, message: str) -> None:
    """Each mistake is a ConfigError of one line: file, key, what would be right."""
    path = exporter_yml(text)
    with pytest.raises(ConfigError) as error:
        load(path)
    assert str(error.value) == f"{path}: {message}"
    assert "\n" not in str(error.value)


def test_whatever_a_yaml_library_raises_is_a_config_error(
    exporter_yml: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody has seen it raise must not end an exporter that reads its configuration anew."""

    def fails(*_: object, **__: object) -> object:
        raise AttributeError("unforeseen")

    monkeypatch.setattr(yaml, "load", fails)
    with pytest.raises(ConfigError, match=r"has a value that can't be read \(AttributeError\)$"):
        load(exporter_yml("sources: []"))


def test_format_names_are_those_of_the_table(exporter_yml: Writer) -> None:
    """An unknown format is answered with the one that was meant, or with all of them."""
    from llm_cost_exporter import formats

    name = formats.FORMATS[-1].NAME
    assert load(exporter_yml(f"sources: [{{paths: [a], format: {name}}}]")).sources[0].format == name
    with pytest.raises(ConfigError, match=rf"sources\[0\]\.format: '{name}x' is no format; did you mean '{name}'\?"):
        load(exporter_yml(f"sources: [{{paths: [a], format: {name}x}}]"))
    with pytest.raises(ConfigError, match=r"sources\[0\]\.format: one of auto, .* would be right"):
        load(exporter_yml("sources: [{paths: [a], format: 3}]"))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """A path that is no file is said so, without a traceback."""
    with pytest.raises(ConfigError, match=r"^\S+/nowhere\.yml: no such file$"):
        load(tmp_path / "nowhere.yml")
    with pytest.raises(ConfigError, match=r"is a directory; a YAML file would be right$"):
        load(tmp_path)


def test_binary_file(tmp_path: Path) -> None:
    """A file that is no text at all is refused."""
    path = tmp_path / "exporter.yml"
    path.write_bytes(b"\xff\xfe\xd8\x00\x80abc")
    with pytest.raises(ConfigError) as error:
        load(path)
    assert "\n" not in str(error.value)


def test_huge_file(tmp_path: Path) -> None:
    """A file far larger than any configuration is refused before it is parsed."""
    path = tmp_path / "exporter.yml"
    path.write_bytes(b"#" * (9 << 20))
    with pytest.raises(ConfigError, match="larger than 8 MiB"):
        load(path)


def test_every_key(exporter_yml: Writer, tmp_path: Path) -> None:
    """The configuration of the documentation is taken to the letter, with paths relative to its folder."""
    config = load(
        exporter_yml("""
listen: "[::1]:0"
state_dir: state
timezone: Asia/Bangkok
ledger: checkout-prod
new_series_hold: 1m15s
late_after: 5m
shutdown_linger: 0
sources:
  - paths: ["/var/log/app/usage*.jsonl", ../more/*.jsonl]
    format: auto
    start_at: end
    timezone: UTC
    trust_reported: true
    labels: {app: checkout, team: on}
    path_labels: "/var/log/pods/{namespace}_{log_pod}_{_}/{container}/*.log"
  - paths: "-"
labels:
  app: [service, metadata.app]
  user: {paths: [user_id], max_values: 50}
  log_pod: {max_values: 7, keep: true}
prices: {file: prices.yml, aliases: {my-deployment: azure/gpt-4o/x}}
dedup: {window: 0, max_age: 24h}
limits: {series: 5, line_bytes: 512KiB}
""")
    )
    assert (config.listen, config.state_dir, config.timezone, config.ledger) == (
        "[::1]:0",
        tmp_path / "state",
        "Asia/Bangkok",
        "checkout-prod",
    )
    assert (config.new_series_hold, config.late_after, config.shutdown_linger) == (75.0, 300.0, 0.0)
    first, second = config.sources
    assert first.paths == ("/var/log/app/usage*.jsonl", str(tmp_path.parent / "more/*.jsonl"))
    assert (first.start_at, first.timezone, first.trust_reported) == ("end", "UTC", True)
    assert first.labels == {"app": "checkout", "team": "on"}
    assert (second.paths, second.format, second.start_at) == (("-",), "auto", "beginning")
    assert config.labels["app"] == LabelConfig(paths=("service", "metadata.app"), keep=True)
    assert config.labels["team"].keep
    assert config.labels["user"] == LabelConfig(paths=("user_id",), max_values=50)
    assert config.label("log_pod") == LabelConfig(max_values=7, keep=True)
    assert config.label("log_container") == LabelConfig()
    assert config.label_names == ("app", "team", "log_container", "log_namespace", "log_pod", "user")
    assert config.prices.file == tmp_path / "prices.yml"
    assert config.prices.aliases == {"my-deployment": "azure/gpt-4o/x"}
    assert (config.dedup.window, config.dedup.max_age) == (0, 86400.0)
    assert (config.limits.series, config.limits.line_bytes) == (5, 512 << 10)


def test_default_labels() -> None:
    """app and team are there without any configuration, and fold last."""
    config = Config()
    assert config.label_names == ("app", "team")
    assert config.labels["app"].keep
    assert "metadata.app" in config.labels["app"].paths


def test_keep_can_be_turned_off_and_paths_stay(exporter_yml: Writer) -> None:
    """What the file says of app beats the default, what it leaves out does not change."""
    config = load(exporter_yml("sources: [{paths: [a]}]\nlabels: {app: {keep: false}, team: []}"))
    assert not config.labels["app"].keep
    assert config.labels["app"].paths == Config().labels["app"].paths
    assert config.labels["team"] == LabelConfig(keep=True)


def test_sections_may_hold_only_comments(exporter_yml: Writer) -> None:
    """A section whose keys are all commented out is as if it were not there."""
    config = load(exporter_yml("sources: [{paths: [/a]}]\nlabels:\n  # app: [x]\nprices:\ndedup:\nlimits:\n"))
    assert config == Config(sources=(SourceConfig(paths=("/a",)),))


def test_anchors_and_merge_keys(exporter_yml: Writer) -> None:
    """YAML's own means against repetition work."""
    config = load(
        exporter_yml("sources:\n  - &first {paths: [/a], timezone: Asia/Tokyo}\n  - {<<: *first, paths: [/b]}\n")
    )
    assert [source.timezone for source in config.sources] == ["Asia/Tokyo", "Asia/Tokyo"]


def test_values_are_frozen() -> None:
    """Nobody changes the configuration of a running exporter by accident."""
    with pytest.raises(ValueError, match="frozen"):
        Config().listen = "x"


def test_folder_with_glob_characters(tmp_path: Path) -> None:
    """A configuration in a folder called `[a]*{b}` names files in that folder, and no others."""
    folder = tmp_path / "[a]*{b}"
    folder.mkdir()
    (folder / "exporter.yml").write_text("sources: [{paths: ['*.jsonl'], path_labels: '{app}.jsonl'}]")
    source = load(folder / "exporter.yml").sources[0]
    import glob

    (folder / "x.jsonl").touch()
    assert glob.glob(source.paths[0]) == [str(folder / "x.jsonl")]  # noqa: PTH207
    assert parse_path_labels(source.path_labels).match(str(folder / "x.jsonl")) == {"app": "x"}


def test_example_is_right_and_shows_the_defaults() -> None:
    """exporter.example.yml loads, has every key, and the values that it shows as defaults are the defaults."""
    path = REPO / "exporter.example.yml"
    config, default = load(path), Config()
    for name in Config.model_fields:
        if name not in ("sources", "labels"):
            assert getattr(config, name) == getattr(default, name), name
    assert config.labels["app"] == default.labels["app"]
    assert config.labels["team"] == default.labels["team"]
    text = path.read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    for name in Config.model_fields:
        assert name in data or f"\n#{name}: " in text, name
    first = {**data["sources"][1], **data["sources"][0]}
    assert set(first) == set(SourceConfig.model_fields)
    for name, value in first.items():
        if name not in ("paths", "labels", "path_labels", "timezone"):
            assert SourceConfig.model_fields[name].default == value, name


def test_sources_are_not_needed_beside_files(exporter_yml: Writer) -> None:
    """A command that is given FILEs takes a configuration without sources, even an empty one."""
    assert load(exporter_yml("timezone: Asia/Tokyo"), sources_needed=False).timezone == "Asia/Tokyo"
    assert load(exporter_yml(""), sources_needed=False) == Config()


def test_overrides_are_checked(tmp_path: Path) -> None:
    """--listen with no port is a wrong command line, said in one line."""
    with pytest.raises(UsageError, match=r"^--listen: 'nowhere' has no port; HOST:PORT would be right"):
        with_overrides(Config(), "nowhere")
    assert with_overrides(Config(), ":1", tmp_path).state_dir == tmp_path


def test_durations_in_code_are_seconds() -> None:
    """Only a file needs units: code that builds a Config says seconds."""
    assert Config(late_after=3, new_series_hold=0).late_after == 3.0
    with pytest.raises(ValueError, match="from 0s to 7d"):
        Config(late_after=-1)


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_keys = st.sampled_from(
    [*Config.model_fields, "paths", "format", "file", "app", "window", "max_values", "x"]
) | st.text(max_size=5)
_trees = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(_keys, _trees, max_size=5))
def test_any_mapping_is_taken_or_refused_in_one_line(data: dict[str, Any]) -> None:
    """Whatever a file holds, it is a Config or a ConfigError of one line, never another exception."""
    try:
        check(data, "x.yml")
    except ConfigError as error:
        assert str(error).startswith("x.yml: ")  # noqa: PT017
        assert len(str(error).splitlines()) == 1  # noqa: PT017


@given(st.text(max_size=60) | st.text(alphabet=":-[]{}&*!|>'\"%@`\n\t #,?ab1", max_size=40))
def test_any_text_is_parsed_or_refused_in_one_line(text: Any) -> None:
    """Whatever bytes a file has, reading it ends in data or in a ConfigError of one line."""
    from llm_cost_exporter.config.yamlfile import parse

    try:
        parse(text.encode("utf-8", "surrogatepass"), "x.yml")
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
