"""Mail: EML and MSG, with what is attached to them."""
