"""The fuzzer: searches for bytes that break a property (tests/properties.py). No part of the test suite."""
