"""What every backend that searches shares: the problem in floats, and the attack on it."""
