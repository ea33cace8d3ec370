"""A hierarchy that writes logs in the on-disk forms, with the truth beside them."""
