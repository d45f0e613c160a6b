import logging
import sys
import time

from tqdm import tqdm, trange
from tqdm.contrib.logging import logging_redirect_tqdm


def steps(bar, seconds=0.02):
    for i in bar:
        time.sleep(seconds)
        yield i


mode = sys.argv[1]
if mode == "bar-an-epoch":
    for epoch in range(2):
        for i in trange(30, desc=f"Epoch {epoch}"):
            time.sleep(1.5 if i == 0 else 0.04)
elif mode == "bar-format":
    list(steps(trange(120, bar_format="{l_bar}{bar} {n_fmt} of {total_fmt} ({remaining} left)")))
elif mode == "bytes":
    with tqdm(desc="model.safetensors", total=300 * 1024 ** 2, unit="B", unit_scale=True, unit_divisor=1024) as bar:
        for _ in range(60):
            time.sleep(0.05)
            bar.update(5 * 1024 ** 2)
elif mode == "colour":
    list(steps(trange(120, desc="train", colour="green"), 0.03))
elif mode == "kilo-rate":
    list(steps(trange(900, unit_scale=True), 0.0005))
elif mode == "leave":
    for epoch in range(2):
        list(steps(trange(60 if epoch == 0 else 120, leave=False)))
    print("done")
elif mode == "logging":
    logging.basicConfig(level=logging.INFO)
    with logging_redirect_tqdm():
        for i in steps(trange(100), 0.03):
            if i % 25 == 24:
                logging.info("step %d loss %.3f", i, 1 / (i + 1))
elif mode == "nested-epoch":
    for _ in trange(3, desc="Epoch"):
        list(steps(trange(40, desc="train"), 0.04))
elif mode == "past-total":
    with tqdm(total=50) as bar:
        for _ in range(80):
            time.sleep(0.03)
            bar.update()
elif mode == "postfix":
    for epoch in range(1, 3):
        bar = trange(200, desc=f"Epoch {epoch}/5")
        for i in steps(bar):
            bar.set_postfix(loss=1 / (i + 1), lr=0.001, acc=0.81)
elif mode == "slow":
    list(steps(trange(5), 2.2))
elif mode == "unknown":
    list(steps(tqdm(iter(range(150)))))
