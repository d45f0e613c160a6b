#!/usr/bin/python3
"""What tests/api/train_test.py has about logs, on an engine that answers later."""
import support

support.run("train")
