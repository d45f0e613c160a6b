#!/usr/bin/python3
"""tests/api/keys_test.py on a store without transactions, beside another writer."""
import support

support.run("keys")
