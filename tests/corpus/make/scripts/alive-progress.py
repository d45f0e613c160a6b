import time

from alive_progress import alive_bar

with alive_bar(100, title="train") as bar:
    for _ in range(100):
        time.sleep(0.04)
        bar()
