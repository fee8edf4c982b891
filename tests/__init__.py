"""The claims that this product makes, each with the test that would fail if it were not true."""
