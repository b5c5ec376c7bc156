"""Files of numbers that a spec names: images, labels, points.  A reader per format, and what they share."""
