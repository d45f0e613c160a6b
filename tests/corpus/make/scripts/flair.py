import random

from flair.data import Corpus, Sentence
from flair.datasets.base import FlairDatapointDataset
from flair.embeddings import DocumentRNNEmbeddings, OneHotEmbeddings
from flair.models import TextClassifier
from flair.trainers import ModelTrainer

random.seed(0)
words = {"good": "sun light warm kind".split(), "bad": "rain cold dark slow".split()}


def sentences(n):
    made = []
    for i in range(n):
        label = random.choice(["good", "bad"])
        made.append(Sentence(" ".join(random.choices(words[label] + ["the", "a"], k=6))).add_label("mood", label).data_point)
    return FlairDatapointDataset(made)


corpus = Corpus(train=sentences(200), dev=sentences(40), test=sentences(40), name="moods")
labels = corpus.make_label_dictionary(label_type="mood")
embeddings = DocumentRNNEmbeddings([OneHotEmbeddings.from_corpus(corpus, min_freq=1, embedding_length=16)], hidden_size=16)
tagger = TextClassifier(embeddings, label_dictionary=labels, label_type="mood")
ModelTrainer(tagger, corpus).train("out", learning_rate=0.1, mini_batch_size=8, max_epochs=3)
