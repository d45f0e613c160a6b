import time

import click

with click.progressbar(range(60), label="Training") as bar:
    for _ in bar:
        time.sleep(0.01)
