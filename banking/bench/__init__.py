"""The benchmark: what a transfer and a read cost, each beside a reference in the same run (`make bench`)."""
