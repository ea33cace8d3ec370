"""The status pages: a picture of the hierarchy in, HTML out."""
