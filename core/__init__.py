"""What every call needs, whatever the product."""
