"""Where draft tokens come from, and how many are worth drafting.

compose.py   one draft of what three drafters propose
text.py      grammar and copy: text that costs no forward   lookup.py    what a document says of the field that is due
mtp.py       chains of Gemma 4's own drafter
cost.py      what a draft token earns and costs             selector.py  whether to draft at all
"""
