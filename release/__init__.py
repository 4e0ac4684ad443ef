"""Making what is released: the archive and the icons. Never shipped."""
