"""What is done. One public function is one use case, one transaction and its audit record."""
