"""What the Python tests of all folders share, a module for each matter.

A suite finds this folder by the support module of its own folder, which puts tests/ on the path.
Standard library only, and nothing here sleeps for an effect: what waits, waits for a condition.
"""
