"""The JSON API: a picture of the hierarchy in, plain data out, described by one table."""
