"""What is allowed: pure functions over frozen records. No Flask, no SQL, no clock, no randomness (SAFETY.md)."""
