import { TREE_MODELS } from '../../engine/trees/settings.js';
import { evaluateCommand } from './evaluate.js';
import { federationCommand } from './federation.js';

const REASON = /no parameters that could be averaged or clipped.*Choose linear, logistic or dnn/;

test.each(
  TREE_MODELS,
)('a simulated federation of %s is refused with the reason, before data are read', async (model) => {
  const given = ['--descriptor', 'nowhere.json', '--model', model, '--banks', '2'];
  await expect(evaluateCommand().parseAsync(given, { from: 'user' })).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringMatching(REASON),
  });
});

test.each<[string, RegExp]>([
  ...TREE_MODELS.map((model): [string, RegExp] => [model, REASON]),
  ['popularity', /no parameters to train/],
  ['oracle', /choices are linear, logistic, dnn/],
])('a base model of %s is refused with the reason', (model, reason) => {
  const base = federationCommand().commands.find((command) => command.name() === 'base');
  base?.exitOverride().configureOutput({ writeErr: () => undefined });
  expect(() => base?.parse(['--descriptor', 'nowhere.json', '--model', model], { from: 'user' })).toThrow(reason);
});
