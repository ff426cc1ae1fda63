"""Who asks: API keys, and whom they let in."""
