"""Fixtures of the rules' tests."""

import pytest

from tests.rules.packs import Pack


@pytest.fixture
def pack(tmp_path, promtool):
    """From the text of a policy to its rules."""
    return lambda text: Pack(tmp_path, promtool, text)
