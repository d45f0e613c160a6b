const brain = require('brain.js');
const net = new brain.NeuralNetwork({ hiddenLayers: [3] });
net.train([
  { input: [0, 0], output: [0] }, { input: [0, 1], output: [1] },
  { input: [1, 0], output: [1] }, { input: [1, 1], output: [0] },
], { iterations: 1000, log: true, logPeriod: 100, errorThresh: 0.0001 });
