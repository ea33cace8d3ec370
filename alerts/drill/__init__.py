"""A fire drill: one incident from the line in a log to the page and back, on real servers, many times as fast."""
