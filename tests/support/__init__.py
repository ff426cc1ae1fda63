"""What tests share: services, stores, scripted models and workers, and pytest plugins."""
