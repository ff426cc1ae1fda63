"""What `check` calls enforced never fails afterwards: schemas and models by chance, answers written under their
grammars by chance, each judged as the worker judges it. Run by tests/schemas/test_property.py."""
