"""Numbers, dates, times, currencies and codes as people print them: for printed values, evidence and evaluation."""
