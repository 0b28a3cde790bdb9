"""The parts of ./kiln."""
