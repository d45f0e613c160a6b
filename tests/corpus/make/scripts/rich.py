import time

from rich.progress import MofNCompleteColumn, Progress

with Progress(*Progress.get_default_columns()[:2], MofNCompleteColumn(), Progress.get_default_columns()[3]) as progress:
    for _ in progress.track(range(100), description="epoch 1/3"):
        time.sleep(0.01)
