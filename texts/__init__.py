"""Every word people read, in Chinese and English, and the one loader."""
