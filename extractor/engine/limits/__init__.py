"""What ends a value of a JSON text where the grammar leaves it open: limits, and loops that the document does not
print. Functions of the bytes written and nothing else, so drafts change nothing."""
