"""`run` that kills itself inside its saves: `python -m tests.torture.faulty_run SEED SHARE run …`.

Each statement of a save is, with the probability SHARE, the last thing that the process does: before it, or after it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from typing import Any

from llm_cost_exporter.commands import main
from llm_cost_exporter.ledger.store import Store


class Deadly:
    """A connection some of whose statements are the end."""

    def __init__(self, db: Any, choose: random.Random, share: float) -> None:
        self._db, self._choose, self._share = db, choose, share

    def _die(self) -> None:
        if self._choose.random() < self._share / 2:
            os.kill(os.getpid(), signal.SIGKILL)

    def _run(self, what: Callable[[], Any]) -> Any:
        self._die()
        result = what()
        self._die()
        return result

    def execute(self, *given: Any) -> Any:
        return self._run(lambda: self._db.execute(*given))

    def executemany(self, *given: Any) -> Any:
        return self._run(lambda: self._db.executemany(*given))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def arm(choose: random.Random, share: float) -> None:
    """From now on saves may kill."""
    save = Store.save

    def deadly(store: Store, changes: Any) -> None:
        whole, store._db = store._db, Deadly(store._db, choose, share)  # type: ignore[assignment]
        try:
            save(store, changes)
        finally:
            store._db = whole

    Store.save = deadly  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    arm(random.Random(int(sys.argv[1])), float(sys.argv[2]))
    del sys.argv[1:3]
    main()
