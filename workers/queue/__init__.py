"""The messages between API and workers: an id each."""
