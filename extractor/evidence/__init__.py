"""Where a document says what an answer says: text in, places out.

The search  ground.py          an answer → evidence, labels, confidence: what everybody else calls
            value_lookup.py    where a value may be printed    choose.py         which of those places it is
            best_path.py       one choice of each of several   overlap.py        places that are a part of another's
Words       word_index.py      the words of a document         locate.py         a value by its words, numbers, dates
            wrapped.py         one whose words go on below     spans.py, occurrence.py  what a place is
The answer  scalars.py         its values by pointer           structure.py      rows, columns and lists of them
            files.py           fields that ask for files       list_values.py    values of a list, in order
Labels      labels.py          how far a value is from one     named.py          which one names a value
            printed_labels.py  what stands at a printed one    described.py      names in titles and descriptions
            counted.py         what a number counts            key_match.py      whether one names a key
Tables      text_table.py      lines as rows of cells          table_rows.py     where the rows of a list stand
            table_cells.py     equal numbers of one table      shared_cells.py   what is printed once for several rows
            row_owner.py       whose row a cell is of          row_numbers.py    numbers that only count rows
            answer_columns.py  columns of yes and no
Yes and no  yes_no.py          where a label is answered       form_lines.py     lines as boxes and text between
            checkboxes.py      boxes, ticked or not            checkbox_labels.py  which label is whose
"""
