"""Lines that are cut when somebody asks for them are the same lines, whichever way they are asked for."""

from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.source.batch import Piece, Text
from llm_cost_exporter.source.lines import cut

LINES = st.lists(st.binary(max_size=6).map(lambda data: data.translate(None, b"\r\n\0")), min_size=1, max_size=20)


@given(LINES, st.booleans(), st.booleans(), st.data())
def test_each_way_gives_the_same_lines(lines, newlines_first, both, data):
    """Cut or with their newlines first: length, each line, slices, sizes and offsets are those of the lines. What has no newline is none."""
    whole = b"".join(line + b"\n" for line in lines)
    text = Text(whole + data.draw(st.sampled_from((b"", b"a", b"{}"))))
    for with_newlines in (newlines_first, not newlines_first)[: 1 + both]:
        if with_newlines:
            assert text.with_newlines() == [line + b"\n" for line in lines]
        else:
            assert text.cut() == lines
    first = data.draw(st.integers(0, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    assert (len(text), bool(text)) == (len(lines), True)
    assert text.size(first, last) == sum(len(line) + 1 for line in lines[first:last])
    assert [text[at] for at in range(len(lines))] == lines
    assert text[-1] == lines[-1]
    assert text[first:last] == lines[first:last]
    assert list(text) == lines
    piece = Piece("x", text, 100, 100 + len(whole), mtime=0.0, taken=0)
    assert [piece.offset_of(at) for at in (first, last)] == [
        100 + sum(len(line) + 1 for line in lines[:at]) for at in (first, last)
    ]
    assert piece.offsets() == [100 + sum(len(line) + 1 for line in lines[:at]) for at in range(len(lines))]


BOM = b"\xef\xbb\xbf"


@given(st.lists(st.sampled_from((b"\n", b"\r", b"\0", BOM, b"a", b"{}"))).map(b"".join), st.booleans())
def test_what_is_cut_at_once_and_what_is_not_are_the_same(data, at_the_beginning):
    """A byte that is rare (a carriage return, NUL, byte order mark) has all lines cut at once: as the others are."""
    found = cut(data, 1 << 20, 0 if at_the_beginning else 7)
    end = data.rfind(b"\n") + 1
    expected = data[:end].split(b"\n")[:-1]
    if expected and at_the_beginning:
        expected[0] = expected[0].removeprefix(BOM)
    assert list(found.lines) == [line.removesuffix(b"\r").lstrip(b"\0") for line in expected]
    assert found.left == len(data) - end
