"""What the lab's three products are built from."""
