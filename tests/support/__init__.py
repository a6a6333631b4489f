"""What tests stand on: databases, a served app, a browser, and processes that race."""
