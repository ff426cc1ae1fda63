"""Numbers, dates, times, currencies and codes as people print them: for printed values, evidence and evaluation.

find.py        numbers, days and times in a text       possible.py     every one that a text may mean
spell.py       those of a document, as JSON spells     bigger.py       figures that are a part of something else
calendar.py    names of months and weekdays            months.py       months without a day
date_order.py  day or month first                      scale.py        thousands and millions beside a number
currency.py    signs and codes                         codes.py        accounts and numbers printed in groups
masked.py      numbers with hidden digits              addresses.py    e-mail and web addresses
as_typed.py    a text as people would type it          fold.py         digits and signs as plain text has them
word_pieces.py where words may be cut                  key_words.py    the words of a field's key
field_names.py what documents call a field             file_names.py   names of files, which readers wrote
looks.py       what values look like in print          field_looks.py  which of these looks a field's values have
contacts.py    telephone numbers, mail, postal codes, IBANs
"""
