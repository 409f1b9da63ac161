"""The quick path: lines of a known form, read typed and added up in small integers.

    record.py (the slow path)          every line that is in any way unusual, and the first line of each kind
    quick/forms.py                     what the keys of such a line tell: a typed row that all lines alike can be decoded to
    quick/rules.py, roles.py           which records of a format have a form, and what their keys are for
    quick/reading.py                   batch -> runs of rows -> posting; whatever does not fit goes back to the slow path
    quick/posting.py                   rows -> cells: the loop that most lines of most logs go through
    quick/noise.py, quiet.py           lines that say nothing of usage, found a batch at a time
    quick/cells.py                     sums of one model and label values; the ledger or report takes them in when it must

Why there are two paths: the slow one asks each record what it may be, and makes and prices a Usage for each call: 10 us. Most logs are
a million lines of one form and a few models. Here what depends on the keys is worked out once for a form, what depends
on the names once for a cell, and what is left for a line is a typed decode, one dict look-up for the cell, one for the id, and sums.

Why both give the same: a form is only made for records whose reading depends on nothing but the fields it types (rules.py says
for each why), a decode that does not fit the types exactly is refused, a cell is made from what the slow path said of a line
of its own and only where the quick reading of that line agrees, and rows are posted only while the cell's window of
time and size holds. tests/quick holds the two equal on generated and on mutated lines.
"""
