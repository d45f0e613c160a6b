#!/usr/bin/python3
"""tests/api/admin_test.py on a store without transactions, beside another writer."""
import support

support.run("admin")
