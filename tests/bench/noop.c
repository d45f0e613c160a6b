/*
 * The least that a program linked to mltop's libraries can do: writes one byte and ends. What it
 * takes is the loader's, and is taken off mltop's own figures by the reader.
 */
#include <unistd.h>

int main(void)
{
	return write(STDOUT_FILENO, "x", 1) == 1 ? 0 : 1;
}
