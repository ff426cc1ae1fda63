"""Schema → the grammar the engine decodes under, and what a stranger's schema may cost."""
