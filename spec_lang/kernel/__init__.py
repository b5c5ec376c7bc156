"""What has to be right for a verdict to be: exact evaluation, exact checks, and the judge."""
