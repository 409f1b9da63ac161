"""The configured labels have changed: label sets are written under the new names, and what becomes one set is added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from llm_cost_exporter.idchunk import renumbered
from llm_cost_exporter.ledger.accounts import GARBAGE, Account, row_of, unrow
from llm_cost_exporter.ledger.store import Changes, UnreadableError

if TYPE_CHECKING:
    from llm_cost_exporter.ledger.store import Store

__all__ = ["relabel"]

_ALWAYS = ("provider", "model")


def relabel(store: Store, names: tuple[str, ...]) -> None:
    """Bring the store's series to the label `names` (provider, model, then the configured ones), in one transaction.

    A new label is empty in what was counted before it. Totals of sets that differed in a dropped label alone are merged,
    shown at once; as new series they are held at that first. Where one of them had the dropped labels empty, scrapes know the merged
    series already: it goes on from its own value, the others' history is counted and not shown (samples.py). Raises sqlite3.Error,
    and nothing is changed then.
    """
    try:
        _relabel(store, names)
    except GARBAGE as bad:
        broken = UnreadableError(f"{type(bad).__name__}: {bad}")
        broken.broken = True
        raise broken from bad


def _relabel(store: Store, names: tuple[str, ...]) -> None:
    meta = store.meta()
    if "labels" not in meta:
        return
    before = (*_ALWAYS, *orjson.loads(meta["labels"]))
    if before == names:
        return
    merged: dict[tuple[str, ...], Account] = {}
    watched: set[int] = set()
    moves: list[tuple[int, int]] = []
    accounts = [unrow(row) for row in store.all_series()]
    for account in accounts:
        values = dict(zip(before, account.labels, strict=True))
        account.labels = tuple(values.get(name, "") for name in names)
        if any(value and name not in names for name, value in values.items()):
            for sample in account.samples():
                sample.held = True
        else:
            watched.add(account.number)
    for account in sorted(accounts, key=lambda one: (one.number not in watched, one.number)):
        into = merged.get(account.labels)
        if into is None:
            merged[account.labels] = account
        else:
            into.absorb(account, watched=into.number in watched)
            moves.append((account.number, into.number))
    rows = [row_of(account) for account in merged.values()]
    moved = dict(moves)
    ids = [(chunk, new) for chunk, data in store.ids() if moved and (new := renumbered(data, moved)) is not None]
    store.merge(moves, Changes(accounts=rows, ids=ids, meta={"labels": orjson.dumps(names[2:]).decode()}))
