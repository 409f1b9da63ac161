"""A newer catalogue: from a file, fetched on demand and on an interval, and refused whenever it is not right."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.commands import main
from llm_cost_exporter.config import Config
from llm_cost_exporter.errors import ConfigError, ExporterError
from llm_cost_exporter.exporter import Exporter
from llm_cost_exporter.prices import fetching, listed
from llm_cost_exporter.prices.catalogue import bundled
from llm_cost_exporter.prices.cataloguefile import MOST_BYTES, load, models, parse
from llm_cost_exporter.prices.fetching import fetch, kept_at, read_kept, shown_url, update
from llm_cost_exporter.prices.opening import open_book
from tests.kit import LOG, scrape
from tests.processes import wait_for

NOW = SystemClock().wall()
DAY = 86_400.0


def model(name: str, price: float | None = 3, **more: Any) -> dict[str, Any]:
    prices = (
        {}
        if price is None
        else {"input_mtok": price, "output_mtok": {"base": 2, "tiers": [{"start": 1000, "price": 4.1}]}}
    )
    return {"id": name, "match": {"equals": name}, "prices": prices, **more}


def catalogue(date: str | None = None, number: int = 1500, **first: Any) -> list[dict[str, Any]]:
    """A published catalogue of our own: `number` models, one of them new, with prices checked on `date`."""
    checked = date or time.strftime("%Y-%m-%d", time.gmtime(NOW))
    many = [model(f"filler-{index}") for index in range(number - 1)]
    provider = {
        "id": "openai", "name": "OpenAI", "api_pattern": "https://api\\.openai\\.com", "model_match": {"or": [{"starts_with": "gpt-"}]},
        "price_comments": f"Checked {checked}.", "extractors": [{"root": "usage", "mappings": [{"path": "x", "dest": "no_such_unit"}]}],
        "models": [model("gpt-99", 1.1), *many],
    }  # fmt: skip
    return [{**provider, **first}]


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


class Server:
    """A web server on loopback that answers as it is told."""

    def __init__(self) -> None:
        self.body = as_bytes(catalogue())
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked = 0
        self.slowly: Callable[[Any], None] | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    if outer.slowly is not None:
                        outer.slowly(self.wfile)
                    else:
                        self.wfile.write(outer.body)
                except OSError:
                    pass

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/data.json"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    found = Server()
    yield found
    found.close()


def test_a_file_takes_the_place_of_the_installed_catalogue(tmp_path: Path) -> None:
    """Its models have their prices, to the last digit of the JSON; what it lacks has none."""
    path = tmp_path / "data.json"
    path.write_bytes(as_bytes(catalogue("2026-01-02")))
    config = Config.model_validate({"prices": {"catalogue": path}})
    book = open_book(config)
    assert book.catalogue_timestamp == 1767312000
    rates = book.rates(*book.names(None, "gpt-99"), NOW, 10)
    assert rates is not None
    assert rates.meters["input"] == 1_100_000_000_000_000_000
    assert "catalogue data.json" in rates.source
    tier = book.rates("openai", "gpt-99", NOW, 1001)
    assert tier is not None
    assert tier.meters["output"] == 4_100_000_000_000_000_000
    assert book.rates("openai", "gpt-4o", NOW, 10) is None


def test_the_published_form_is_that_of_the_library() -> None:
    """Dates, hours, tiers, variants and every kind of clause are read as genai-prices reads them."""
    from llm_cost_exporter.prices.listed.types import StartDateConstraint, TimeOfDateConstraint

    whole = catalogue()
    whole[0]["models"][0] = {
        "id": "m", "match": {"and": [{"starts_with": "m"}, {"or": [{"contains": "x"}, {"regex": "^m$"}, {"ends_with": "m"}, {"equals": "m"}]}]},
        "prices": [
            {"prices": {"input_mtok": 1}},
            {"constraint": {"start_date": "2026-02-01"}, "prices": {"input_mtok": 2}},
            {"constraint": {"start_time": "16:30:00Z", "end_time": "00:30:00Z"}, "prices": {"input_mtok": 0.5}},
        ],
        "price_variants": [{"when": {"processing": "batch"}, "prices": {"input_mtok": 0.25}}],
    }  # fmt: skip
    first = parse(as_bytes(whole), "x", not_after=NOW).providers["openai"].models[0]
    assert isinstance(first.prices, list)
    assert [type(price.constraint) for price in first.prices] == [type(None), StartDateConstraint, TimeOfDateConstraint]
    assert first.price_variants is not None
    assert first.match.is_match("m")


def change(path: str, value: Any) -> list[dict[str, Any]]:
    whole: Any = deepcopy(catalogue(number=3))
    at = whole[0]
    *steps, last = path.split(".")
    for step in steps:
        at = at[int(step) if step.isdigit() else step]
    at[last] = value
    return list(whole)


GARBAGE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is no JSON"),
    "a page": (b"<!doctype html><title>Not here</title>", "is no JSON"),
    "cut off": (as_bytes(catalogue())[:-100], "is no JSON"),
    "binary": (bytes(range(256)), "is no JSON"),
    "nested": (b"[" * 100_000, "is no JSON"),
    "an object": (b'{"providers": []}', "is JSON, but no list of providers"),
    "other things": (b"[1, 2]", "is JSON, but no list of providers"),
    "nobody": (b"[]", "has no price"),
    "others' objects": (b'[{"a": 1}]', "is no price catalogue in the form that is known here"),
    "no models": (as_bytes(change("models", [])), "has no price"),
    "no prices": (as_bytes(change("models", [model("a", None)])), "has no price"),
    "NaN": (as_bytes(change("models.0.prices.input_mtok", float("nan"))), "is no JSON"),
    "below zero": (as_bytes(change("models.0.prices.input_mtok", -1)), "has a price of openai/gpt-99 that is none"),
    "absurd": (as_bytes(change("models.0.prices.input_mtok", 1e30)), "has a price of openai/gpt-99 that is none"),
    "words": (as_bytes(change("models.0.prices.input_mtok", "cheap")), "is no price catalogue in the form that is known here"),
    "a pattern": (as_bytes(change("models.0.match", {"regex": "("})), "has a pattern of openai/gpt-99 that is none"),
    "a nested pattern": (as_bytes(change("model_match", {"or": [{"regex": "["}]})), "has a pattern of openai that is none"),
    "an unknown clause": (as_bytes(change("models.0.match", {"like": "x"})), "is no price catalogue in the form that is known here"),
    "an empty clause": (as_bytes(change("models.0.match", {})), "is no price catalogue in the form that is known here"),
    "twice": (as_bytes([*catalogue(number=2), *catalogue(number=2)]), "has a provider twice"),
    "too large": (b" " * (MOST_BYTES + 1), "is larger than 16 MiB"),
}  # fmt: skip


@pytest.mark.parametrize("name", GARBAGE)
def test_what_is_no_catalogue_is_refused(name: str, tmp_path: Path) -> None:
    """In one line that says why; a file with it is a wrong configuration."""
    data, says = GARBAGE[name]
    with pytest.raises(ValueError, match=r"^\w") as bad:
        parse(data, "x", not_after=NOW)
    assert str(bad.value).startswith(says)
    path = tmp_path / "data.json"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as wrong:
        load(path)
    assert str(wrong.value).startswith(f"{path}: {says}")
    assert "\n" not in str(wrong.value)


def test_a_missing_file_is_a_wrong_configuration(tmp_path: Path) -> None:
    """It is never replaced by another catalogue in silence."""
    with pytest.raises(ConfigError, match=r"data\.json: can't be read: No such file"):
        open_book(Config.model_validate({"prices": {"catalogue": tmp_path / "data.json"}}))


def test_a_fetched_catalogue_is_kept_for_the_next_start(server: Server, tmp_path: Path) -> None:
    """It is in use after a restart, without being fetched again."""
    fresh = update(server.url, tmp_path, bundled(), NOW)
    assert models(fresh) == 1500
    config = Config.model_validate({"state_dir": tmp_path, "prices": {"update": {"url": server.url}}})
    book = open_book(config)
    assert book.rates("openai", "gpt-99", NOW, 1) is not None
    assert book.version == "fetched catalogue"
    assert server.asked == 1
    assert open_book(Config.model_validate({"state_dir": tmp_path})).rates("openai", "gpt-99", NOW, 1) is None
    assert [path.name for path in tmp_path.iterdir()] == ["catalogue.json"]


def test_the_installed_catalogue_is_used_where_it_is_newer(server: Server, tmp_path: Path) -> None:
    """An upgrade of the package beats what was fetched before it."""
    kept_at(tmp_path).write_bytes(as_bytes(catalogue("2026-01-02")))
    book = open_book(Config.model_validate({"state_dir": tmp_path, "prices": {"update": {"url": server.url}}}))
    assert book.version.startswith("genai-prices ")


def test_a_kept_catalogue_that_is_broken_is_no_reason_not_to_start(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, and the installed one is used."""
    kept_at(tmp_path).write_bytes(b"\0" * 100)
    book = open_book(Config.model_validate({"state_dir": tmp_path, "prices": {"update": {"url": server.url}}}))
    assert book.version.startswith("genai-prices ")
    assert "catalogue.json is no JSON; the installed catalogue is used" in caplog.text


def refused(server: Server, state_dir: Path, **settings: Any) -> str:
    """What is said when nothing is taken; what is kept stays as it is."""
    kept_at(state_dir).write_bytes(b"before")
    with pytest.raises(ExporterError) as bad:
        update(server.url, state_dir, bundled(), NOW, **settings)
    assert kept_at(state_dir).read_bytes() == b"before"
    assert len(list(state_dir.iterdir())) == 1
    assert "the catalogue in use stays" in str(bad.value)
    return str(bad.value)


@pytest.mark.parametrize("name", ["empty", "a page", "cut off", "an object", "below zero", "no prices"])
def test_garbage_is_not_taken(server: Server, tmp_path: Path, name: str) -> None:
    """A proxy's page, half a download and the like leave everything as it is."""
    server.body, says = GARBAGE[name]
    assert says in refused(server, tmp_path)


def test_an_older_catalogue_is_not_taken(server: Server, tmp_path: Path) -> None:
    """A mirror that stands still must not undo what is known already."""
    server.body = as_bytes(catalogue("2026-01-02"))
    assert "is older than the one in use" in refused(server, tmp_path)


def test_a_catalogue_of_few_models_is_not_taken(server: Server, tmp_path: Path) -> None:
    """What was cut down would leave most calls without a price."""
    server.body = as_bytes(catalogue(number=20))
    assert "has less than half of the models of the one in use" in refused(server, tmp_path)


@pytest.mark.parametrize("status", [204, 401, 404, 500])
def test_another_status_is_not_taken(server: Server, tmp_path: Path, status: int) -> None:
    """Even with a catalogue as its body."""
    server.status = status
    assert f"answers with status {status}" in refused(server, tmp_path)


def test_redirects_are_followed_to_an_end(server: Server, tmp_path: Path) -> None:
    """A server that leads in circles is left."""
    server.status, server.headers = 302, {"Location": server.url}
    assert "leads on more than 5 times" in refused(server, tmp_path)


def test_what_is_too_large_is_not_read_whole(server: Server, tmp_path: Path) -> None:
    """An endless answer costs no more memory than the bound."""
    sent = 0

    def endless(out: Any) -> None:
        nonlocal sent
        while True:
            out.write(b"[" * 65536)
            sent += 65536

    server.slowly = endless
    assert "is larger than 16 MiB" in refused(server, tmp_path)
    assert sent < 4 * MOST_BYTES


@pytest.mark.parametrize("chunk", [b"", b" "])
def test_a_slow_server_is_left(server: Server, tmp_path: Path, chunk: bytes) -> None:
    """One that is silent, and one that sends a byte now and then for ever."""
    ended = threading.Event()

    def trickle(out: Any) -> None:
        while not ended.wait(0.02):
            out.write(chunk)
            out.flush()

    server.slowly = trickle
    started = time.monotonic()
    assert "took longer than 0.5 seconds" in refused(server, tmp_path, seconds=0.5)
    assert time.monotonic() - started < 5
    ended.set()


def test_nobody_there(server: Server, tmp_path: Path) -> None:
    """A refused connection is said without a traceback."""
    server.close()
    assert "can't be fetched (ConnectionError)" in refused(server, tmp_path)


def test_a_directory_that_cant_be_written_is_said(server: Server, tmp_path: Path) -> None:
    """What can't be kept is not used: a restart would go back."""
    (tmp_path / "file").touch()
    with pytest.raises(ExporterError, match="can't be written"):
        update(server.url, tmp_path / "file", bundled(), NOW)


def test_secrets_of_a_url_are_not_shown(server: Server, tmp_path: Path) -> None:
    """User, password and query stay out of every message."""
    assert shown_url("https://user:pass@host:8443/a/data.json?token=x#y") == "https://host:8443/a/data.json"
    server.status = 500
    url = server.url.replace("//", "//user:pass@") + "?token=secret"
    with pytest.raises(ExporterError) as bad:
        update(url, tmp_path, bundled(), NOW)
    assert "pass" not in str(bad.value)
    assert "secret" not in str(bad.value)


def test_compressed_answers_are_bounded_too(server: Server) -> None:
    """A small answer that unpacks to a large one is too large."""
    import gzip

    server.body, server.headers = gzip.compress(b" " * (1 << 20)), {"Content-Encoding": "gzip"}
    with pytest.raises(ValueError, match="is larger than"):
        fetch(server.url, most=100_000)


def config_for(folder: Path, server: Server, interval: str | None = None) -> Path:
    path = folder / "exporter.yml"
    every = f", interval: {interval}" if interval else ""
    path.write_text(
        f"state_dir: state\nsources: [{{paths: [usage.jsonl]}}]\nnew_series_hold: 0s\nprices: {{update: {{url: '{server.url}'{every}}}}}\n"
    )
    return path


def test_the_command_fetches_on_demand(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`prices --update` keeps the catalogue where run, report and prices look for it."""
    config = str(config_for(tmp_path, server))
    with pytest.raises(SystemExit) as end:
        main(["prices", "--update", "--config", config])
    assert end.value.code == 0
    assert "1,500 models, prices of " in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["prices", "gpt-99", "--config", config, "--format", "json"])
    assert end.value.code == 0
    assert json.loads(capsys.readouterr().out)["catalogue"] == "fetched catalogue"
    server.status = 404
    with pytest.raises(SystemExit) as end:
        main(["prices", "--update", "--config", config])
    assert end.value.code == 1
    assert "answers with status 404; the catalogue in use stays" in capsys.readouterr().err


def test_the_command_needs_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is fetched from anywhere that nobody named."""
    with pytest.raises(SystemExit) as end:
        main(["prices", "--update"])
    assert end.value.code == 2
    assert "--update needs a --config FILE with prices: {update: {url:" in capsys.readouterr().err


class Running:
    """An exporter in a thread of its own."""

    def __init__(self, folder: Path, **prices: Any) -> None:
        self.log = folder / "usage.jsonl"
        self.log.touch()
        settings = {
            "state_dir": folder / "state",
            "sources": [{"paths": [str(self.log)]}],
            "new_series_hold": 0,
            "prices": prices,
        }
        self.exporter = Exporter(Config.model_validate(settings), SystemClock(), LOG)
        self.exporter.prepare()
        self._thread = threading.Thread(target=self.exporter.run)
        self._thread.start()

    def call(self, model: str) -> None:
        with self.log.open("a") as file:
            file.write(
                json.dumps({"model": model, "prompt_tokens": 1000, "completion_tokens": 0, "time": time.time()}) + "\n"
            )

    def metric(self, name: str) -> float | None:
        text = scrape(self.exporter.metrics, "text/plain")
        return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)), None)

    def end(self) -> None:
        self.exporter.stop()
        self._thread.join(10)


def test_a_running_exporter_takes_a_newer_catalogue(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later lines have its prices, what had none is billed, and the metric of its day follows. The log is read meanwhile."""
    # As if installed two days ago: one of today may be as new as the other, where it announces something for today.
    installed = replace(listed.load(), installed=NOW - 2 * DAY)
    monkeypatch.setattr(listed, "load", lambda: installed)
    held = threading.Event()
    body = server.body

    def wait(out: Any) -> None:
        held.wait(20)
        out.write(body)

    server.slowly = wait
    running = Running(tmp_path, update={"url": server.url, "interval": 3600})
    try:
        running.call("gpt-99")
        wait_for(
            lambda: running.metric("llm_unpriced_requests_total{") == 1,
            10,
            "the call to be counted while the fetch waits",
        )
        before = running.metric("llm_cost_exporter_price_catalogue_timestamp_seconds")
        held.set()
        wait_for(lambda: running.metric("llm_cost_usd_total{") == 0.0011, 10, "what had no price to be billed")
        running.call("gpt-99")
        wait_for(lambda: running.metric("llm_cost_usd_total{") == 0.0022, 10, "the next call to be priced")
        after = running.metric("llm_cost_exporter_price_catalogue_timestamp_seconds")
        assert before is not None
        assert after is not None
        assert after > before
        assert running.metric("llm_requests_total{") == 2
    finally:
        held.set()
        running.end()
    assert server.asked == 1
    again = Running(tmp_path, update={"url": server.url, "interval": 3600})
    try:
        assert again.metric("llm_cost_exporter_price_catalogue_timestamp_seconds") == after
    finally:
        again.end()
    assert server.asked == 1  # not due for an hour


def test_a_running_exporter_goes_on_with_what_it_has(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A failed update is a warning, and the next try comes later."""
    caplog.set_level(logging.INFO)
    server.body = b"<html>"
    running = Running(tmp_path, update={"url": server.url, "interval": 3600})
    try:
        wait_for(lambda: "is no JSON; the catalogue in use stays" in caplog.text, 10, "the warning")
        running.call("gpt-4o")
        wait_for(lambda: running.metric("llm_cost_usd_total{") == 0.0025, 10, "the call")
    finally:
        running.end()
    assert server.asked == 1


def test_nothing_is_fetched_without_an_interval(server: Server, tmp_path: Path) -> None:
    """Off by default: with a URL alone only `prices --update` asks for it."""
    running = Running(tmp_path, update={"url": server.url})
    running.call("gpt-4o")
    wait_for(lambda: running.metric("llm_cost_usd_total{") == 0.0025, 10, "the call")
    running.end()
    assert server.asked == 0
    assert not kept_at(tmp_path / "state").exists()


def test_the_day_of_a_kept_catalogue_is_as_of_its_fetch(server: Server, tmp_path: Path) -> None:
    """A price that was announced for a later day must not make the catalogue look newer every day."""
    whole = catalogue("2026-01-02")
    whole[0]["models"][0]["prices"] = [
        {"prices": {"input_mtok": 1}}, {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": 2}},
    ]  # fmt: skip
    path = kept_at(tmp_path)
    path.write_bytes(as_bytes(whole))
    os.utime(path, (1_768_000_000, 1_768_000_000))  # 2026-01-09
    kept = read_kept(tmp_path)
    assert kept is not None
    assert kept.timestamp == 1767312000


def test_fetching_is_off_by_default() -> None:
    """No address is built in."""
    assert Config().prices.update is None
    assert "http" not in (Path(fetching.__file__).read_text().replace('"https:"', ""))


def test_check_config_tells_which_catalogue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is older than the installed catalogue is a warning; where it is fetched from is shown, without secrets."""
    (tmp_path / "data.json").write_bytes(as_bytes(catalogue("2026-01-02")))
    config = tmp_path / "exporter.yml"
    for prices, says in (
        ("catalogue: data.json", f"warning: prices.catalogue: {tmp_path}/data.json is older than the installed one"),
        (
            "update: {url: 'https://u:p@h/d.json', interval: 24h}",
            "fetches the catalogue from https://h/d.json every 1d",
        ),
        ("update: {url: 'https://h/d.json'}", "fetches the catalogue from https://h/d.json on demand"),
    ):
        config.write_text(f"sources: [{{paths: [a]}}]\nprices: {{{prices}}}\n")
        with pytest.raises(SystemExit) as end:
            main(["check-config", str(config)])
        assert end.value.code == 0
        out = capsys.readouterr()
        assert says in out.out + out.err
