"""Laws of inference: what is counted, what is proposed, what is written, and what is refused."""
