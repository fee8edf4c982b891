"""Own who may do what: accounts, tokens and kiosks in one plain file; sessions and counters that may be lost."""
