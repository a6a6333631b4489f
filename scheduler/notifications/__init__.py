"""What leaves by text: outbox, words, gateway, receipts and replies."""
