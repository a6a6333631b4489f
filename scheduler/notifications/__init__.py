"""What leaves by text: planning, outbox, words, gateway, receipts and replies."""
