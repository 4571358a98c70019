"""Pages: what was measured and learned, as HTML files that need no other file."""
