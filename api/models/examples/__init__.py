"""Requests and answers for /docs: real ones, shortened by nothing but taste. Plain data; tests hold each against its
model."""
