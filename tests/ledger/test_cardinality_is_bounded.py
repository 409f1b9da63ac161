"""Folding: label sets stay within their limit, dollars are complete."""

import pytest

from llm_cost_exporter.config import Config
from tests.kit import Bench


def test_past_max_values_a_label_folds_and_dollars_are_kept(tmp_path):
    """A label with max_values has that many values; what comes after is `other`, and counted as folded."""
    bench = Bench(tmp_path, Config.model_validate({"labels": {"user": {"paths": ["user_id"], "max_values": 3}}}))
    for number in range(10):
        bench.call(labels=("checkout", "search", f"user-{number}"))
    users = {labels[4] for labels, *_ in bench.samples("requests")}
    assert users == {"user-0", "user-1", "user-2", "other"}
    assert bench.counted() == 10
    assert bench.ledger.stats.folded["user"] == 7


def test_known_values_go_on_after_a_restart(tmp_path):
    """Which values were there first is known from the state."""
    config = Config.model_validate({"labels": {"user": {"paths": ["user_id"], "max_values": 2}}})
    bench = Bench(tmp_path, config)
    for user in ("a", "b", "c"):
        bench.call(labels=("", "", user))
    bench.save()
    bench.killed()
    bench.call(labels=("", "", "b"))
    bench.call(labels=("", "", "d"))
    counts = {labels[4]: value for labels, _, value, _ in bench.samples("requests")}
    assert counts == {"a": 1, "b": 2, "other": 2}


def test_loose_labels_fold_before_the_model_and_kept_ones_last(tmp_path):
    """Past limits.series other labels fold first, then the model, then app and team; the provider never."""
    bench = Bench(tmp_path, Config.model_validate({"labels": {"user": ["user_id"]}, "limits": {"series": 20}}))
    for number in range(300):
        bench.call(model=f"model-{number}", labels=(f"app-{number}", "team", f"user-{number}"))
    sets = [labels for labels, *_ in bench.samples("requests")]
    assert len(sets) == len(set(sets)) <= 20 * 1.3 + 1
    loose = [labels for labels in sets if labels[4] == "other" and labels[1] != "other"]
    model = [labels for labels in sets if labels[1] == "other" and labels[2] != "other"]
    last = [labels for labels in sets if labels[2] == "other"]
    assert loose
    assert model
    assert last == [("openai", "other", "other", "other", "other")]
    assert bench.counted() == 300
    assert bench.ledger.label_sets() == len(sets)


def test_an_empty_label_is_not_folded(tmp_path):
    """A missing label stays missing."""
    bench = Bench(tmp_path, Config.model_validate({"limits": {"series": 1}}))
    for number in range(5):
        bench.call(model=f"model-{number}", labels=("", ""))
    assert {labels for labels, *_ in bench.samples("requests")} == {
        ("openai", "model-0", "", ""),
        ("openai", "other", "", ""),
    }


def test_unknown_providers_are_bounded_too(tmp_path):
    """A provider is a log's own word where no catalogue knows it: past a hundred they fold."""
    bench = Bench(tmp_path)
    for number in range(150):
        bench.call(provider=f"provider-{number}")
    providers = {labels[0] for labels, *_ in bench.samples("requests")}
    assert len(providers) == 101
    assert "other" in providers


@pytest.mark.parametrize("distinct", [3000])
def test_many_models_are_priced_before_they_are_folded(tmp_path, distinct):
    """Folding takes detail away and no dollars: the sum is as if nothing was folded."""
    bench = Bench(tmp_path, Config.model_validate({"limits": {"series": 50}}))
    for number in range(distinct):
        bench.call(model=f"model-{number}")
    assert bench.counted("usd") == distinct * 20 * 10**18
    assert bench.ledger.label_sets() <= 65
