"""An answer as the text that a model wrote. Knows JSON text and the tokens it was written in; knows no document and no
schema.

written.py      text with its tokens, of one answer or put together     json_text.py    where a value stands in it
complete.py     what is whole of one that was cut off                   excerpt.py      what of one is shown again
duplicate_keys.py   one without keys that come twice                    asked_again.py  whether there is another one
canonical.py    one spelling of each value
"""
