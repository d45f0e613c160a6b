"""The one exception of the program: a sentence for the person, and the exit code it means."""

DONE = 0
FAILED = 1
USAGE = 2
NOT_REACHED = 3
INTERRUPTED = 130
TERMINATED = 143


class Fail(Exception):
    def __init__(self, sentence, code=FAILED):
        super().__init__(sentence)
        self.code = code
