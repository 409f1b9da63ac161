"""Mappings: where in a log of one's own what is to be counted stands, as the configuration says it.

format: {where: "event == 'message_send'", model: properties.main_model, time: time,
         input: properties.prompt_tokens, output: properties.completion_tokens, cost: properties.cost}

settings   the keys, checked and compiled once     paths      dotted paths and JMESPath
calls      from a record to a call                 entry      mapped records and rows in the record stage
                                                   table      rows of a CSV with a header
"""

from __future__ import annotations

from llm_cost_exporter.mapping.settings import Mapping, check_mapping, parse

__all__ = ["Mapping", "check_mapping", "parse"]
