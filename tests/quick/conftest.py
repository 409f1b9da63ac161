"""What the tests of the quick path share."""

import pytest

from llm_cost_exporter.quick.reading import QuickLines


@pytest.fixture(scope="module")
def switch():
    """Turns the quick path off and on, and counts the lines that it posts."""
    advance, leave_out, posted = QuickLines.advance, QuickLines.leave_out, [0]

    def counting(self, at):
        numbers = advance(self, at)
        posted[0] += numbers[0]
        return numbers

    with pytest.MonkeyPatch.context() as patch:

        def turn(*, on):
            posted[0] = 0
            patch.setattr(QuickLines, "advance", counting if on else lambda self, at: (0, 0))
            patch.setattr(QuickLines, "leave_out", leave_out if on else lambda self, batch: 0)
            return posted

        yield turn
