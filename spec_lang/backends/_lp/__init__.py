"""Linear relaxations and their duals: LPs by HiGHS, rigorous bounds from them, proofs by ReLU phases."""
