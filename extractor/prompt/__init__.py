"""(schema, document) → the token ids that a model is asked with.

prompt.py       the chat template around task and document   codec.py  text → ids, in which data is no control token
schema_text.py  a schema as a model reads it best
"""
