"""What tests and measurements of serve share: models, requests, a server as a process."""
