"""What is asked. Every query; it never commits and never decides."""
