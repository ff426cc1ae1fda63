"""What the suites text and code ask for: plain requests, without a schema, of the kinds that drafters are published on.
Written for this benchmark."""

from __future__ import annotations

TEXT = (
    "Explain in a paragraph why the sky is blue at noon and red in the evening.",
    "Write a short letter that asks a landlord to repair a heating that has been out of order for a week.",
    "Summarise how a sewing machine makes a stitch, for somebody who has never seen one.",
    "Tell a story of about ten sentences about a lighthouse keeper who finds a map.",
    "List five things to check before a long journey by bicycle and say why each matters.",
    "Describe the way of a letter from the sender's desk to the receiver's door.",
    "What is the difference between weather and climate? Answer for a twelve-year-old.",
    "Write a polite refusal of an invitation to speak at a conference.",
    "Explain how bread dough rises and what goes wrong when it does not.",
    "Compare travelling by train and by plane over 800 kilometres.",
    "Describe a market on a winter morning in six sentences.",
    "Give advice to somebody who is about to negotiate a salary for the first time.",
)
CODE = (
    "Write a Python function that merges two sorted lists into one sorted list, with a docstring.",
    "Write a Python class for a bank account with deposit, withdraw and a list of movements.",
    "Write a function in JavaScript that debounces another function.",
    "Write a SQL query that returns, for each customer, the number and the sum of last month's orders.",
    "Write a Python function that parses a line of CSV with quoted fields without using the csv module.",
    "Write a C function that reverses a singly linked list in place.",
    "Write a Python context manager that measures the time of its block.",
    "Write a shell script that renames all .jpeg files of a folder to .jpg.",
    "Write a Python function that checks whether a string is a valid IPv4 address.",
    "Write a Rust function that counts the words of a text in a HashMap.",
    "Write a Python decorator that retries a function three times with growing pauses.",
    "Write a TypeScript interface for an invoice with items, and a function that sums it up.",
)
