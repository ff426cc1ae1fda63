"""What of an answer a person should look at: marks.py says what and why, missed.py which nulls look like misses,
imitation.py where a document has text that imitates an answer. Knows what is known of each value; knows no model."""
