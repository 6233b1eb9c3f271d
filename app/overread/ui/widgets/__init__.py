"""Small parts that several rooms share."""
