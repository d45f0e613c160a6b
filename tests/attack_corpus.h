/*
 * What a task, a name or an error body may try on the terminal that shows it. One table for the
 * unit tests, the command line's and the screens'; each case is sent through every place that
 * shows text that is not ours, and tests/pty_oracle.h reads what reaches the terminal.
 *
 * Bytes are written in octal: a hex escape in C swallows the digits behind it.
 * All is constant; nobody owns anything.
 */
#ifndef MLTOP_TESTS_ATTACK_CORPUS_H
#define MLTOP_TESTS_ATTACK_CORPUS_H

#include <stddef.h>

struct attack {
	const char *name;
	const char *bytes; /* may hold NUL and LF */
	size_t len;
};

/* Too long to write out: head, then `unit` so many times, then tail. */
struct attack_long {
	const char *name, *head, *unit, *tail;
	size_t times;
};

#define ATTACK(name, bytes)                    \
	{                                      \
		name, bytes, sizeof(bytes) - 1 \
	}

static const struct attack attacks[] = {
	/* The screen and the cursor. */
	ATTACK("clear", "a\033[2J\033[3Jb"),
	ATTACK("home and fake header", "a\033[H\033[7mALL JOBS SUCCEEDED\033[0m\033[20;1Hb"),
	ATTACK("line rewrite", "loss: nan\rloss: 0.01"),
	ATTACK("line erased", "secret\033[1K\033[Gfake"),
	ATTACK("bells", "a\a\a\a\a\a\a\a\ab"),
	ATTACK("backspaces", "password\b\b\b\b\b\b\b\b********"),
	ATTACK("shift out", "a\016lqqk\017b"),
	ATTACK("nul", "a\0b"),
	ATTACK("delete", "a\177b"),
	ATTACK("tabs", "\ta\t\t\tb\t"),
	ATTACK("enquiry", "a\005b"),
	ATTACK("substitute inside csi", "a\033[3\0321mb"),
	ATTACK("newline inside csi", "a\033[\n2Jb"),
	ATTACK("vertical tab and form feed", "a\v\fb"),
	ATTACK("scroll region left on", "a\033[5;6rb"),
	ATTACK("alignment test", "a\033#8b"),
	ATTACK("full reset", "a\033cb"),
	ATTACK("soft reset", "a\033[!pb"),
	ATTACK("index down", "a\033D\033Mb"),
	ATTACK("save and restore", "\0337\033[10;10Hx\0338"),
	ATTACK("alternate screen", "a\033[?1049hb"),
	ATTACK("cursor hidden", "a\033[?25lb"),
	ATTACK("mouse on", "a\033[?1000h\033[?1003h\033[?1006hb"),
	ATTACK("paste off", "a\033[?2004lb"),
	ATTACK("keypad", "a\033=\033>b"),
	ATTACK("charset", "a\033(0lqqk\033)0\033*Ab"),
	ATTACK("resize", "a\033[8;1;1tb"),
	/* The same in one byte, and in UTF-8. */
	ATTACK("raw csi", "a\2332Jb"),
	ATTACK("utf8 csi", "a\302\2332Jb"),
	ATTACK("raw osc", "a\2350;title\234b"),
	ATTACK("utf8 osc", "a\302\2350;title\302\234b"),
	ATTACK("raw dcs", "a\220$qm\234b"),
	ATTACK("utf8 dcs", "a\302\220$qm\302\234b"),
	ATTACK("raw sos", "a\230text\234b"),
	ATTACK("raw apc", "a\237text\234b"),
	ATTACK("raw pm", "a\236text\234b"),
	ATTACK("utf8 apc", "a\302\237text\302\234b"),
	ATTACK("next line", "a\205b\302\205c"),
	/* Strings to the terminal. */
	ATTACK("title", "a\033]0;root@host\ab"),
	ATTACK("clipboard write", "a\033]52;c;cm0gLXJmIH4K\ab"),
	ATTACK("clipboard read", "a\033]52;c;?\033\\b"),
	ATTACK("link to a file", "a\033]8;;file:///etc/passwd\033\\safe\033]8;;\033\\b"),
	ATTACK("deceptive link", "a\033]8;;http://evil/\ahttps://good/\033]8;;\ab"),
	ATTACK("palette", "a\033]4;0;?\a\033]4;1;rgb:00/00/00\ab"),
	ATTACK("font", "a\033]50;?\ab"),
	ATTACK("file transfer", "a\033]1337;File=name=eA==;inline=1:AAAA\ab"),
	ATTACK("notification", "a\033]9;done\a\033]777;notify;x;y\ab"),
	ATTACK("unfinished osc", "a\033]0;title"),
	ATTACK("osc ended by cancel", "a\033]0;title\030b"),
	ATTACK("osc over two lines", "a\033]0;ti\ntle\ab"),
	ATTACK("escape inside osc", "a\033]0;x\033[2Jb\a"),
	ATTACK("sixel", "a\033Pq#0;2;0;0;0#0!10~-\033\\b"),
	ATTACK("tmux passthrough", "a\033Ptmux;\033\033]0;x\a\033\\b"),
	ATTACK("screen title", "a\033ktitle\033\\b"),
	ATTACK("kitty graphics", "a\033_Ga=T,f=24;AAAA\033\\b"),
	/* Questions whose answers become input. */
	ATTACK("device attributes", "a\033[c\033[>c\033[=cb"),
	ATTACK("status report", "a\033[5n\033[6nb"),
	ATTACK("title report", "a\033]0;rm -rf ~\a\033[21tb"),
	ATTACK("decrqss", "a\033P$q\"p\033\\b"),
	ATTACK("xtgettcap", "a\033P+q544e\033\\b"),
	ATTACK("media copy", "a\033[5i\033[4ib"),
	/* Colours. */
	ATTACK("conceal", "a\033[8mhidden\033[0mb"),
	ATTACK("foreground is background", "a\033[31;41mhidden\033[mb"),
	ATTACK("near colours", "a\033[38;5;16;40mhidden\033[0mb"),
	ATTACK("true colour hidden", "a\033[38;2;1;2;3;48;2;1;2;3mhidden\033[0mb"),
	ATTACK("blink", "a\033[5mb\033[6mc"),
	ATTACK("never reset", "a\033[1;31;7mred to the end"),
	ATTACK("colon colours", "a\033[38:2::1:2:3mb"),
	ATTACK("huge number", "a\033[99999999999999999999mb"),
	ATTACK("seventeen parameters", "a\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mb"),
	ATTACK("truncated sgr", "a\033[3"),
	ATTACK("lone escape at the end", "a\033"),
	ATTACK("lone bracket at the end", "a\033["),
	ATTACK("truncated extended colour", "a\033[38;5mb\033[38;2;1mc"),
	/* Characters that lie. */
	ATTACK("right to left override", "a\342\200\256gpj.exe\342\200\254b"),
	ATTACK("isolate", "a\342\201\246b\342\201\251c"),
	ATTACK("zero width", "a\342\200\213b\342\200\215c\342\201\240d\357\273\277e"),
	ATTACK("soft hyphen", "a\302\255b"),
	ATTACK("fillers", "a\343\205\244b\341\205\237c\342\240\200d"),
	ATTACK("tags", "a\363\240\201\201\363\240\201\202b"),
	ATTACK("variation selectors", "a\357\270\217b\363\240\204\200c"),
	ATTACK("line separator", "a\342\200\250b\342\200\251c"),
	ATTACK("leading combining", "\314\201abc"),
	ATTACK("four marks", "a\314\201\314\202\314\203\314\204b"),
	ATTACK("mark after a control", "a\033[2J\314\201b"),
	ATTACK("joined emoji", "\360\237\221\251\342\200\215\360\237\222\273x"),
	ATTACK("emoji tone and selector",
		"\360\237\221\215\360\237\217\275\342\235\244\357\270\217x"),
	ATTACK("keycap", "1\357\270\217\342\203\243x"),
	ATTACK("wide", "\345\265\214\345\205\245\357\274\241x"),
	ATTACK("private use", "a\356\202\260b\363\260\200\200c"),
	ATTACK("noncharacter", "a\357\277\276b\357\267\220c\360\237\277\277d"),
	ATTACK("hangul vowels alone", "\341\205\241\341\206\250x"),
	/* What is not UTF-8. */
	ATTACK("overlong", "a\300\257b\340\200\257c\360\200\200\257d"),
	ATTACK("overlong escape", "a\300\233[2Jb\340\200\233[2Jc"),
	ATTACK("surrogate", "a\355\240\200\355\260\200b"),
	ATTACK("beyond unicode", "a\364\220\200\200b\365\200\200\200c\377\376d"),
	ATTACK("truncated at the end", "a\342\202"),
	ATTACK("truncated before ascii", "a\342\202b\360\237\230c"),
	ATTACK("truncated before escape", "a\342\033[2Jb"),
	ATTACK("continuation bytes alone", "a\240\277\200b"),
};

static const struct attack_long attacks_long[] = {
	{"bell flood", "", "\a", "", 100000},
	{"million digits", "a\033[", "1", "mb", 1000000},
	{"four thousand parameters", "a\033[", "1;", "1mb", 4000},
	{"ten thousand marks", "a", "\314\201", "b", 10000},
	{"endless osc", "a\033]0;", "title ", "", 100000},
	{"endless osc of characters", "a\033]0;", "\342\202\254", "b", 100000},
	{"million empty lines", "", "\n", "end", 1000000},
	{"progress bar", "", "\r 50%|#####     |", "\r100%|##########|\n", 10000},
	{"long line", "", "0123456789abcdef", "\n", 1 << 16},
	{"long line of emoji", "", "\360\237\230\200", "\n", 1 << 17},
	{"long line of bad bytes", "", "\377\302", "\n", 1 << 17},
	{"joined without end", "\360\237\221\251", "\342\200\215\360\237\222\273", "x", 10000},
};

#define ATTACK_COUNT (sizeof attacks / sizeof attacks[0])
#define ATTACK_LONG_COUNT (sizeof attacks_long / sizeof attacks_long[0])

#endif
