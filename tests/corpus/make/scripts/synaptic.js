const { Architect, Trainer } = require('synaptic');
const net = new Architect.Perceptron(2, 3, 1);
new Trainer(net).train([
  { input: [0, 0], output: [0] }, { input: [0, 1], output: [1] },
  { input: [1, 0], output: [1] }, { input: [1, 1], output: [0] },
], { iterations: 2000, error: 0.00001, log: 200, rate: 0.1 });
