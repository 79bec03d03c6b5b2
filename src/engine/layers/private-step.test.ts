import { sequential } from './compose.js';
import { dense } from './dense.js';
import type { Layer } from './layer.js';
import { binaryCrossEntropy } from './losses.js';
import { privateStep } from './private-step.js';

test('a layer that mixes users is refused, with its reason, wherever it stands', () => {
  const normalising: Layer = {
    parameters: [],
    masks: [],
    mixesRows: 'batch normalisation makes the output of one user depend on the others.',
    forward: () => {
      throw new Error('never run');
    },
  };
  const model = sequential([dense({ name: 'a', inputs: 3, units: 3 }), sequential([normalising])]);
  const step = () =>
    privateStep({
      model,
      rows: 4,
      unitRows: 1,
      features: [{ shape: [4, 3], dtype: 'float32' }],
      labels: [],
      loss: (ops, logits, [targets, weights]) => binaryCrossEntropy(ops, logits, targets, { weights }),
      rule: { kind: 'cut' },
    });
  expect(step).toThrow(/one user depend on the others/);
});
