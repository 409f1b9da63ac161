"""The page tells the truth, and whatever stands in a log stays text on it."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter import money
from llm_cost_exporter.web import FileRow, LineCounts, SpendRow, UnpricedRow
from llm_cost_exporter.web.figures import show_age, show_bytes, show_date, show_month, show_usd
from llm_cost_exporter.web.page import render
from tests import page_models
from tests.page_models import NASTY, usd
from tests.web_kit import ask

VOID = {"meta", "link", "rect", "br"}
ALLOWED = {
    "html", "head", "meta", "title", "link", "style", "body", "div", "header", "main", "footer", "h1", "h2", "p", "span", "strong", "section",
    "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "bdi", "i", "svg", "rect", "dl", "dt", "dd", "small", "a", "ul", "li",
}  # fmt: skip


class Page(html.parser.HTMLParser):
    """The page as a browser takes it apart: elements that must be closed in order, text by element."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page.decode())
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag in ALLOWED
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "small":
            self.words.append(" ")

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag
        if tag not in ("span", "bdi", "strong", "a", "i"):
            self.words.append(" ")  # a browser begins a new line or cell here

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).replace("\u00a0", " ").split())

    def attributes(self, name: str) -> list[str | None]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def test_totals_come_first_and_exact():
    """Today and this month are readable, and exact in the title."""
    page = Page(render(page_models.realistic()))
    assert page.text.startswith(
        "$74.98 today · LLM spend LLM spend ledger checkout-prod · days of Asia/Bangkok Today 3 February 2026 $74.98 5,104 calls"
    )
    assert "This month February 2026 $882.78 45,941 calls · last month $2,804.17" in page.text
    assert "$74.9803763" in page.attributes("title")
    assert "$882.77813749" in page.attributes("title")


def test_rows_by_model_and_app():
    """Every model and app has its row, the dearest first; a call without an app is not without a row."""
    text = Page(render(page_models.realistic())).text
    assert "claude-sonnet-4-5 anthropic $41.24 $402.12 812 gpt-4.1 openai $18.40 $310.01 2,210" in text
    assert "text-embedding-3-small openai $0.0042 $0.91 30,118 mistral-small-latest mistral $0.00 $0.00041 3" in text
    assert "without an app $0.93 $50.10" in text


def test_unpriced_calls_are_never_zero_dollars():
    """What has no price is said in a warning, and its row shows no $0.00."""
    text = Page(render(page_models.realistic())).text
    assert "114 calls have no known price. Their dollars are not in these figures." in text
    assert "my-finetune-7b unknown no known price ? ? 114" in text
    assert "yesterday $103.44 · without unpriced calls" in text


def test_partly_unpriced_models_say_so():
    """Dollars that are not all of a model's are marked."""
    row = SpendRow("m", usd("1"), usd("2"), unpriced=True)
    text = Page(render(replace(page_models.empty(), by_model=[row]))).text
    assert "m some calls without a price $1.00 $2.00" in text


def test_the_backlog_is_said_while_it_is_read():
    """Until all is read the page says how much is left, looks often for news, and calls its figures preliminary."""
    page = Page(render(page_models.reading()))
    assert "Reading the logs: 1.2 GB left." in page.text
    assert "so far" in page.text
    assert page.attributes("http-equiv") == ["refresh"]
    assert "3" in page.attributes("content")
    assert "Reading the logs" not in Page(render(page_models.realistic())).text


def test_trouble_is_told():
    """Failed saves, unreadable files, calls without usage and every warning are on the page."""
    text = Page(render(page_models.reading())).text
    for words in (
        "Saving fails. The last save was 12 min ago.",
        "1 call was logged without token counts. What it cost can't be told from the log.",
        "The state was broken and is set aside as state.db.broken-2026-02-03; the logs are read anew.",
        "Files 1 unreadable, 1 missing, 2 following, 1 finished",
        "/var/log/secret/usage.jsonl unreadable",
        "12 failed so far",
        "Rejected 4 bad_count 1, bad_json 3",
        "Lines read 1,204,220",
    ):
        assert words in text


def test_a_first_start_is_no_blank_page():
    """With nothing counted and nothing followed, the page says that."""
    text = Page(render(page_models.empty())).text
    assert "No call is counted yet this month." in text
    assert "No file is followed." in text


def test_nasty_values_stay_text():
    """Quotes, tags, entities, controls and surrogates from a log are shown, and make no element or attribute."""
    for page in (render(page_models.nasty()), render(page_models.nasty(), all_rows=True, refresh=False)):
        seen = Page(page)  # asserts that all elements are known and closed in order
        assert "<script" not in page.decode().lower()
        assert {name for _, attributes in seen.elements for name in attributes}.isdisjoint(
            {"onerror", "onload", "onclick", "style"}
        )
        assert all(not (href or "").startswith("javascript") for href in seen.attributes("href"))
        assert NASTY[0] in seen.text
        assert "new line tab\ufffdnul\ufffd[31mred" in seen.text
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", page)


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_value_stays_text(value, other):
    """Whatever a name is, the page has the same elements and attributes as with an ordinary one."""

    def page(one: str, two: str) -> Page:
        return Page(
            render(
                replace(
                    page_models.empty(),
                    ledger=f"x{one}",
                    zone=two,
                    by_model=[SpendRow(f"x{one}", 1, 2, detail=f"x{two}")],
                    unpriced=[UnpricedRow(one, two, 1, 1)],
                    files=[FileRow(one, two)],
                    lines=LineCounts(1, 1, {one: 1}),
                    warnings=[one, two],
                    version=one,
                )
            )
        )

    assert [tag for tag, _ in page(value, other).elements] == [tag for tag, _ in page("a", "b").elements]


def test_300_models_are_cut_and_can_all_be_seen():
    """Tables show the dearest, say how many more there are and what they cost together; a link shows all, in place of a script."""
    few, every = Page(render(page_models.nasty())), Page(render(page_models.nasty(), all_rows=True))
    assert "and 288 more $" in few.text
    assert "?rows=all" in few.attributes("href")
    assert sum(tag == "tr" for tag, _ in every.elements) > 300
    assert "vendor/model-299" in every.text
    assert "./" in every.attributes("href")


def test_refresh_can_be_stopped():
    """A reader who wants the page to stand still has a link for it, which keeps all rows shown."""
    page = Page(render(page_models.realistic(), all_rows=True, refresh=False))
    assert page.attributes("http-equiv") == []
    assert "?rows=all&refresh=off" in Page(render(page_models.realistic(), all_rows=True)).attributes("href")
    assert "refresh by itself" in page.text


def test_the_policy_allows_exactly_the_style_of_the_page(serve):
    """The style sheet's hash in the header is that of the page; nothing is loaded from elsewhere."""
    reply = ask(serve(), "/")
    style = re.search(r"<style>(.*?)</style>", reply.body.decode(), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in reply.headers["Content-Security-Policy"]
    page = Page(reply.body)
    assert {href for href in page.attributes("href") if href} >= {"metrics", "-/ready"}
    assert all(not href.startswith("http") for href in page.attributes("href") if href)
    assert page.attributes("src") == []
    assert re.findall(r"url\(|@import", style[1]) == []


def test_accessible():
    """A language, a width for phones, a caption for each table, a scope for each header cell, and no text in pictures."""
    page = Page(render(page_models.realistic()))
    tags = [tag for tag, _ in page.elements]
    assert ("html", {"lang": "en"}) in page.elements
    assert "width=device-width,initial-scale=1" in page.attributes("content")
    assert tags.count("caption") == tags.count("table") == 3
    assert all("scope" in attributes for tag, attributes in page.elements if tag == "th")
    assert all(attributes.get("aria-hidden") == "true" for tag, attributes in page.elements if tag == "svg")


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("0", "$0.00"), ("1", "$1.00"), ("1234567.891", "$1,234,567.89"), ("0.5", "$0.50"), ("0.456", "$0.46"), ("0.0042137", "$0.0042"),
        ("0.0004", "$0.0004"), ("0.00000125", "$0.000001"), ("0.0000005", "<$0.000001"), ("0.000000000000000000000001", "<$0.000001"),
        ("0.999", "$1.00"), ("0.00999", "$0.01"), ("0.9949", "$0.99"), ("1.005", "$1.00"), ("1.015", "$1.02"), ("-2.5", "-$2.50"), ("99999999999999999999.999", "$100,000,000,000,000,000,000.00"),
    ],
)  # fmt: skip
def test_money_that_people_read(exact, shown):
    """Cents for dollars, two digits for less, and never $0.00 for what is not nothing."""
    assert show_usd(usd(exact)) == shown


@given(st.integers(1, 10**40))
def test_money_is_never_shown_as_nothing(amount):
    """Anything above zero shows a digit that is not 0, and is near it."""
    shown = show_usd(amount)
    assert re.search("[1-9]", shown)
    if not shown.startswith("<"):
        error = abs(money.from_decimal(Decimal(shown.lstrip("$").replace(",", ""))) - amount)
        assert error <= max(amount // 18, money.ONE_USD // 2_000_000)


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9951, "10 kB"), (999_400, "999 kB"), (999_600, "1.0 MB"), (1_240_000_000, "1.2 GB"), (5 * 10**18, "5,000 PB")],
)  # fmt: skip
def test_sizes(count, shown):
    """Two digits and a unit."""
    assert show_bytes(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "now"), (0.4, "now"), (2, "2 s ago"), (89, "89 s ago"), (91, "2 min ago"), (5399, "90 min ago"), (7200, "2 h ago"), (172_800, "2 days ago"), (9e9, "104,167 days ago")],
)  # fmt: skip
def test_ages(seconds, shown):
    """The unit that fits, and `now` where clocks differ."""
    assert show_age(seconds) == shown


def test_dates():
    """Dates are written out; what is none stays as it is."""
    assert (show_date("2026-02-03"), show_month("2026-02"), show_date("x"), show_month("y")) == (
        "3 February 2026",
        "February 2026",
        "x",
        "y",
    )
