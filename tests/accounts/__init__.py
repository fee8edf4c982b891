"""Claims about who may do what: accounts, tokens, kiosks, and how people sign in."""
