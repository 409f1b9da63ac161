"""`python -m llm_cost_exporter` is the command `llm-cost-exporter`."""

from llm_cost_exporter.commands import main

if __name__ == "__main__":
    main()
