"""Terms to values: numbers, tensors, units, functions, all exact."""
