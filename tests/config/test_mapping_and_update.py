"""What is wrong with a mapping or an update is said in one line, like everything else of a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from llm_cost_exporter.config import load
from llm_cost_exporter.errors import ConfigError

WRONG = {
    "sources: [{paths: [a], format: {inpt: a}}]": "sources[0].format: inpt: unknown key; did you mean 'input'?",
    "sources: [{paths: [a], format: {}}]": "sources[0].format: maps neither tokens nor a cost; input: and output:, with where they stand, "
    "would be right",
    "sources: [{paths: [a], format: {input: a, labels: {pod: b}}}]": "sources[0].format: labels: pod is a scrape target's own label; another "
    "name, such as log_pod, would be right",
    "sources: [{paths: [a]}]\nprices: {update: {}}": "prices.update.url: is missing",
    "sources: [{paths: [a]}]\nprices: {update: {url: data.json}}": "prices.update.url: is no URL of http or https; https://HOST/PATH would be right",
    "sources: [{paths: [a]}]\nprices: {update: {url: 'ftp://h/x'}}": "prices.update.url: is no URL of http or https; https://HOST/PATH would be right",
    "sources: [{paths: [a]}]\nprices: {update: {url: 'http://[::1/x'}}": "prices.update.url: is no URL; https://HOST/PATH would be right",
    "sources: [{paths: [a]}]\nprices: {update: {url: 'http://h:x/'}}": "prices.update.url: is no URL; https://HOST/PATH would be right",
    "sources: [{paths: [a]}]\nprices: {update: {url: 'http://h/', every: 1h}}": "prices.update.every: unknown key; url or interval would be right",
    "sources: [{paths: [a]}]\nprices: {update: {url: 'http://h/', interval: 5}}": "prices.update.interval: 5 has no unit; a duration with a unit, "
    "such as 75s, 5m, 1h30m or 35d, would be right",
    "sources: [{paths: [a]}]\nprices: {update: {url: 'http://h/', interval: 1s}}": "prices.update.interval: from 5m to 400d would be right",
    "sources: [{paths: [a]}]\nprices: {catalogue: c.json, update: {url: 'http://h/'}}": "prices.update: stands beside prices.catalogue; one of them "
    "would be right",
    "sources: [{paths: [a]}]\nprices: {catalogue: [c]}": "prices.catalogue: a path would be right",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_one_line(text: str, tmp_path: Path) -> None:
    """With the file, the key, and what would be right."""
    path = tmp_path / "exporter.yml"
    path.write_text(text)
    with pytest.raises(ConfigError) as bad:
        load(path)
    assert str(bad.value) == f"{path}: {WRONG[text]}"


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    """Labels of a mapping are labels of the exporter; a catalogue's path is relative to the configuration's folder."""
    path = tmp_path / "exporter.yml"
    path.write_text(
        "sources:\n- paths: [a]\n  format: {input: usage.in, where: \"event == 'x'\", labels: {user: u, app: product}}\n"
        "labels: {user: {max_values: 5}}\nprices: {catalogue: data.json}\n"
    )
    config = load(path)
    assert config.label_names == ("app", "team", "user")
    assert config.prices.catalogue == tmp_path / "data.json"
    path.write_text("sources: [{paths: [a]}]\nprices: {update: {url: 'https://h/data.json', interval: 24h}}\n")
    update = load(path).prices.update
    assert update is not None
    assert (update.url, update.interval) == ("https://h/data.json", 86400)
