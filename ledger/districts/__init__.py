"""District targets, totals and intensity."""
