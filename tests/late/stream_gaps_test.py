#!/usr/bin/python3
"""What tests/api/stream_gaps_test.py has about logs, on an engine that answers later."""
import support

support.run("stream_gaps", word="")  # all of them are
