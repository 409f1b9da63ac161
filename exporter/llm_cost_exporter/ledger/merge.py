"""The configured labels have changed: label sets are written under the new names, and what becomes one set is added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from llm_cost_exporter.ledger.accounts import Account, row_of, unrow
from llm_cost_exporter.ledger.store import Changes

if TYPE_CHECKING:
    from llm_cost_exporter.ledger.store import Store

__all__ = ["relabel"]

_ALWAYS = ("provider", "model")


def relabel(store: Store, names: tuple[str, ...]) -> None:
    """Bring the store's series to the label `names` (provider, model, then the configured ones), in one transaction.

    A new label is empty in what was counted before it. Totals of sets that differed in a dropped label alone are merged,
    shown at once. Raises ValueError, TypeError or KeyError for a broken state.
    """
    meta = store.meta()
    if "labels" not in meta:
        return
    before = (*_ALWAYS, *orjson.loads(meta["labels"]))
    if before == names:
        return
    merged: dict[tuple[str, ...], Account] = {}
    moves: list[tuple[int, int]] = []
    for row in store.all_series():
        account = unrow(row)
        values = dict(zip(before, account.labels, strict=True))
        account.labels = tuple(values.get(name, "") for name in names)
        into = merged.get(account.labels)
        if into is None:
            merged[account.labels] = account
        else:
            into.absorb(account)
            moves.append((account.number, into.number))
    rows = [row_of(account) for account in merged.values()]
    store.merge(moves, Changes(accounts=rows, meta={"labels": orjson.dumps(names[2:]).decode()}))
