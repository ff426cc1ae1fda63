"""The schemas that come with the service, one a file: copy one to begin your own."""
