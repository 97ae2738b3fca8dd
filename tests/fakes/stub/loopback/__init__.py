"""What every fake provider that speaks HTTP shares; it runs in the fake's own process."""
