"""From what is known of all sites to an answer, and to words for people."""
