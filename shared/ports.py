"""What handlers need of the outside, as protocols; adapters fulfil them, fakes pass the same suites."""
