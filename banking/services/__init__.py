"""What customers and operators can do; pages, API and commands call these and nothing below them."""
