"""The ledger: what was counted, saved in one transaction, shown only once it is saved."""

from llm_cost_exporter.ledger.dayview import DayView, day_view
from llm_cost_exporter.ledger.ledger import Ledger, Route
from llm_cost_exporter.ledger.statedir import RESET_REASONS, StateDir
from llm_cost_exporter.ledger.store import Changes, Store

__all__ = ["RESET_REASONS", "Changes", "DayView", "Ledger", "Route", "StateDir", "Store", "day_view"]
