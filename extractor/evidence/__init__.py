"""Parts of the search for evidence that stand alone: text in, places out."""
