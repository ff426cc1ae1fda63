"""Confidence that is a probability: what is known of a value, as features, and a fit that makes one of them.

tokens.py       how sure the model was              surroundings.py  what is printed around a place
answer_view.py  rows, columns, what was taken       free_looks.py    what looks like a value and is none yet
field_schema.py of what kind a field is             features.py      all of it as a row of features
curve.py        features → probability               fit.py           features and what was right → a curve
calibration.py  a fit as a file                     find.py          where a model's is
calibrator.py   what an extraction calls            move.py          a fit moved to documents of another kind
usual.py        what documents usually say
"""
