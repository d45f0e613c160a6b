# make corpus: the tiny trainings of tests/corpus/make with the real libraries, anew; says which print otherwise than
# their samples do. Gigabytes and an hour: never part of the tests. ONLY="word ..." chooses; NEWEST=1 leaves the pins
# out; WRITE=1 puts what was printed into the samples; KEEP=1 leaves the environments for the next time.
corpus:
	@/usr/bin/python3 tests/corpus/make/corpus.py $(if $(NEWEST),--newest) $(if $(WRITE),--write) $(ONLY)
.PHONY: corpus
