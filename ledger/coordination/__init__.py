"""What must not count twice: claims made elsewhere, the carbon market, green certificates."""
