"""Requests and answers for /docs: real ones, the long ones shortened. Plain data; a test validates each against its
model."""
