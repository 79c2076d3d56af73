"""What runs programs and their tests; see each file."""
