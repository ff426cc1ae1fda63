"""Documents that are longer than a model's context: cut into windows, read side by side, merged into one answer.

lines.py       a document's lines: tables, headings, and how well it can be cut before each
cut.py         lines → windows                        window.py       one of them: its text, and offsets back and forth
plan.py        how much of the context a window gets  wordless.py     stretches without a whole word
choose.py      which are read where all are too many  rank.py         how much each has to do with a field
speaks_for.py  what speaks for a field, by its schema terms.py        words and kinds of value, to compare
partial.py     what a window's answer may leave out   schema_nodes.py what a schema says of one value
read.py        windows read side by side              outcome.py      what each says, and what became of it
turns.py       how many are with the engine at a time translate.py    what a window says, as of the document
tree.py        an answer with what is known of it     shapes.py       what of a schema decides how answers are merged
merge.py       answers of windows → one               rows.py         the same of lists, without doubles at the seams
values.py      the same of one value                  passage.py      the words that a value stands in
invented.py    items that a model made up, left out
whole_answer.py what all windows say together, and what of that a person is told
in_question.py which windows are asked a second time, and for what
last_resort.py what has to be there and no window told, told by the likeliest
window_schemas.py what is made of a schema once for all windows
of_fields.py   an error of the whole answer → errors of the fields that it may be a matter of
"""
