"""Tests that take a minute rather than a moment: real processes, many clients, kills, cuts and stalls."""
