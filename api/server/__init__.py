"""HTTP/1.1 as it is served: connections, their times, and what every request goes through."""
