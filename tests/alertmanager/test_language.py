"""All texts of the messages stand in one file, and another language takes their place."""

from __future__ import annotations

import re
import shutil
import textwrap

from tests.alertmanager.payloads import ALERTS, data
from tests.alertmanager.templates import DEFINED, TEMPLATES, VERSIONS, messages, render, texts
from tests.processes import ROOT

# Together they have every text in them.
CASES = (
    "one",
    "emergency",
    "forecast",
    "burn rate",
    "rate",
    "info",
    "resolved",
    "a hundred",
    "no name",
    "no figures",
    "evil fifty",
)
ENGLISH = (
    "Runbook",
    "Dashboard",
    "Silence",
    "Most of it",
    "Left of",
    "Fired for",
    "Critical",
    "spend rate",
    "heading for",
)


def test_another_language_can_be_put_in(generation, tmp_path):
    """A file that is read after the others gives every text anew, with names and figures where it wants them, and no English is left."""
    english = re.findall(
        r'\{\{ define "(text\.[^"]+)" \}\}(.*?)\{\{ end \}\}\n', (TEMPLATES / "texts.tmpl").read_text()
    )
    assert {name for name, _ in english} == {name for name, file in DEFINED.items() if file == "texts.tmpl"}
    # In this language the name stands first.
    other = []
    for name, text in english:
        value = '{{ template "llm_cost.value" . }} ' if "llm_cost.value" in text else ""
        other.append(f'{{{{ define "{name}" }}}}{value}‹{name.rpartition(".")[2]}›{{{{ end }}}}')
    override = shutil.copytree(TEMPLATES, tmp_path / "templates")
    (override / "zz-texts.tmpl").write_text("\n".join(other))
    shown = dict(texts(messages(VERSIONS[generation])))
    plain = [text for path, text in shown.items() if path.startswith(("slack.", "email.text", "pagerduty.details."))]
    plain.remove(shown["pagerduty.details.description"])  # which the rules make
    # What no case says: a rate by app and team, and what is left of a period that has no name.
    plain.append(
        '{{ template "llm_cost.what" (stringSlice "plain" "" "LlmCostSpendRateHour" "" "" "" "checkout" "search" "" "" "" "" "" "" "" "" "" "" "") }}'
    )
    plain.append('{{ template "llm_cost.left" "" }}')
    seen = ""
    for case in CASES:
        seen += render(generation, "\n".join(plain), data(ALERTS[case]), override)
        seen += render(generation, shown["email.html"], data(ALERTS[case]), override, html=True)
    missing = {name for name, _ in english if f"‹{name.rpartition('.')[2]}›" not in seen}
    assert not missing
    assert "company ‹budget_day›: $91.20 of $100.00 (91.2%)" in seen
    for word in ENGLISH:
        assert word not in re.sub(r"LlmCost\w+", "", seen), word


def test_the_documented_example_of_another_language_works(generation, tmp_path):
    """The file that docs/alertmanager.md shows, put beside the others under its name, changes what it says it changes."""
    document = (ROOT / "docs/alertmanager.md").read_text()
    (block,) = re.findall(r"(?:^    .*\n)+", document[document.index("### Another language") :], re.MULTILINE)
    named = re.search(r"/(zz-[a-z]+\.tmpl)", block)
    assert named is not None
    templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
    (templates / named[1]).write_text(textwrap.dedent(block))
    look = messages(VERSIONS[generation])["slack"]
    title, text = (render(generation, look[key], data(ALERTS["one"]), templates) for key in ("title", "text"))
    assert title == "[Kritisch] Tagesbudget company: $91.20 of $100.00 (91.2%)"
    assert text.startswith("Davon am meisten: model gpt-4o")
