"""What a terminal shows after the bytes that were written to it: enough of xterm for our programs.

What is written is a difference to what stood there: a number that became another one is never
written whole. Who waits for a text must look at the screen.
"""
import codecs
import re
import unicodedata

CSI = re.compile(r"\x1b\[([?>=!]?)([0-9;:]*)[ -/]*([@-~])")
STRING = re.compile(r"\x1b[\]PX^_].*?(?:\x07|\x1b\\)", re.S)
# Cut off at the end of what has come: more may follow.
CUT = re.compile(r"\x1b(?:\[[0-9;:?>=! -/]*|[()*+#%]?|[\]PX^_][^\x07]*)?\Z", re.S)


def width(c):
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


class Screen:
    def __init__(self, cols=80, rows=24):
        self.cols, self.rows = cols, rows
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""
        self.lines = [[" "] * cols for _ in range(rows)]
        self.x = self.y = 0
        self.saved = (0, 0)
        self.top, self.bottom = 0, rows - 1
        self.last = " "

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)

    def feed(self, data):
        text = self.rest + self.decoder.decode(bytes(data))
        self.rest = ""
        at = 0
        while at < len(text):
            c = text[at]
            if c >= " " and c != "\x7f":
                self.put(c)
                at += 1
            elif c == "\x1b":
                took = self.sequence(text, at)
                if took == 0:
                    self.rest = text[at:]
                    return
                at += took
            else:
                self.control(c)
                at += 1

    def put(self, c):
        n = width(c)
        if n == 0:
            return
        if self.x + n > self.cols:
            self.x = 0
            self.line_feed()
        self.lines[self.y][self.x] = self.last = c
        if n == 2 and self.x + 1 < self.cols:
            self.lines[self.y][self.x + 1] = ""
        self.x += n

    def control(self, c):
        if c == "\r":
            self.x = 0
        elif c in "\n\v\f":
            self.line_feed()
        elif c == "\b":
            self.x = max(min(self.x, self.cols - 1) - 1, 0)
        elif c == "\t":
            self.x = min((self.x // 8 + 1) * 8, self.cols - 1)

    def line_feed(self):
        if self.y == self.bottom:
            self.scroll(1)
        elif self.y < self.rows - 1:
            self.y += 1

    def scroll(self, n, top=None):
        top = self.top if top is None else top
        for _ in range(min(abs(n), self.bottom - top + 1)):
            if n > 0:
                del self.lines[top]
                self.lines.insert(self.bottom, [" "] * self.cols)
            else:
                del self.lines[self.bottom]
                self.lines.insert(top, [" "] * self.cols)

    def sequence(self, text, at):
        """Carries out the sequence at `at`; how many characters it has, 0: not all have come."""
        found = CSI.match(text, at)
        if found:
            if not found.group(1):
                numbers = [int(n or 0) for n in re.split("[;:]", found.group(2))] if found.group(2) else [0]
                self.csi(found.group(3), numbers)
            return found.end() - at
        found = STRING.match(text, at)
        if found:
            return found.end() - at
        if CUT.match(text, at):
            return 0
        c = text[at + 1]
        if c == "7":
            self.saved = (self.x, self.y)
        elif c == "8":
            self.x, self.y = self.saved
        elif c == "M":
            if self.y == self.top:
                self.scroll(-1)
            else:
                self.y = max(self.y - 1, 0)
        elif c == "c":
            self.__init__(self.cols, self.rows)
        return 3 if c in "()*+#%" else 2

    def csi(self, final, numbers):
        n = max(numbers[0], 1)
        if final in "Hf":
            self.y = min(n, self.rows) - 1
            self.x = min(max(numbers[1] if len(numbers) > 1 else 1, 1), self.cols) - 1
        elif final in "G`":
            self.x = min(n, self.cols) - 1
        elif final == "d":
            self.y = min(n, self.rows) - 1
        elif final in "ABCDEFae":
            self.move(final, n)
        elif final in "JK":
            self.erase(final, numbers[0])
        elif final in "XP@":
            self.cells(final, n)
        elif final in "LM" and self.top <= self.y <= self.bottom:
            self.scroll(n if final == "M" else -n, self.y)
        elif final in "ST":
            self.scroll(n if final == "S" else -n)
        elif final == "b":
            for _ in range(n):
                self.put(self.last)
        elif final == "r":
            self.top = n - 1
            self.bottom = min(numbers[1] if len(numbers) > 1 and numbers[1] else self.rows, self.rows) - 1
            self.x = self.y = 0

    def move(self, final, n):
        self.x = min(self.x, self.cols - 1)
        if final in "Ca":
            self.x = min(self.x + n, self.cols - 1)
        elif final == "D":
            self.x = max(self.x - n, 0)
        elif final in "AF":
            self.y = max(self.y - n, 0)
        else:
            self.y = min(self.y + n, self.rows - 1)
        if final in "EF":
            self.x = 0

    def erase(self, final, how):
        x = min(self.x, self.cols - 1)
        line = self.lines[self.y]
        first, end = (x, self.cols) if how == 0 else (0, x + 1) if how == 1 else (0, self.cols)
        line[first:end] = [" "] * (end - first)
        if final == "J":
            for y in range(self.rows):
                if how in (2, 3) or (how == 0 and y > self.y) or (how == 1 and y < self.y):
                    self.lines[y] = [" "] * self.cols

    def cells(self, final, n):
        x = min(self.x, self.cols - 1)
        line, n = self.lines[self.y], min(n, self.cols - x)
        if final == "X":
            line[x:x + n] = [" "] * n
        elif final == "P":
            line[x:] = line[x + n:] + [" "] * n
        else:
            line[x:] = [" "] * n + line[x:self.cols - n]
