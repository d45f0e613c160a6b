import time

from rich.progress import MofNCompleteColumn, Progress

with Progress(*Progress.get_default_columns(), MofNCompleteColumn()) as progress:
    for epoch in range(1, 4):
        for _ in progress.track(range(100), description=f"Epoch {epoch}/3"):
            time.sleep(0.01)
