"""The faults that a ledger must survive, with real servers, processes, files, disks and signals: `make faults`."""
