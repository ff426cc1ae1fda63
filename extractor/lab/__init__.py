"""What measures and trains; nothing of it is needed to extract."""
