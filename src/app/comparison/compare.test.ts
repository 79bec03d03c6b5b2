import { riskDataset } from '../../../test/support/synthetic.js';
import type { Engine, EvaluationOptions, EvaluationResult, ModelName } from '../../engine/engine.js';
import { ConcordError } from '../../errors.js';
import { compareModels } from './compare.js';
import { summarise } from './summary.js';
import { terminalText } from './terminal-text.js';

const dataset = riskDataset();
const users = Int32Array.from(dataset.label?.keys() ?? []);
const labels = Uint8Array.from(dataset.label ?? []);
const knowing = labels.map((label, user) => (user % 5 === 0 ? 1 - label : label));

/** An engine that has models of known worth: what each says of every user, or why it doesn't fit. */
const engineOf = (says: Partial<Record<ModelName, (user: number) => number>>, asked: EvaluationOptions[] = []) =>
  ({
    async evaluate(_set, task, options) {
      asked.push(options);
      options.onProgress?.({ stage: 'training', fraction: 0.5 });
      const said = says[options.model];
      if (!said) throw new ConcordError('BAD_INPUT', `${options.model} is of no use here.`);
      return {
        task,
        model: options.model,
        dataset: 'made up',
        metrics: { n: users.length },
        settings: { curves: [{ name: 'one', points: [] }], seed: options.seed },
        predictions: { task: 'risk', test: { users, labels, probabilities: Float32Array.from(users, said) } },
        backend: 'cpu',
        seconds: 1,
      } as EvaluationResult;
    },
  }) as Pick<Engine, 'evaluate'> as Engine;

const request = {
  dataset,
  descriptor: { peers: { rival: { auc: 0.99 } } },
  report: { tables: [], notes: [] },
  task: 'risk',
  seed: 4,
  resamples: 200,
  skipUnfit: true,
  models: ['popularity', 'logistic', 'linear', 'dnn', 'gbdt'] as ModelName[],
} as const;
const says = {
  popularity: () => 0.3,
  logistic: (user: number) => 0.2 + 0.5 * knowing[user],
  linear: (user: number) => 0.2 + 0.5 * knowing[user],
  dnn: (user: number) => 0.2 + 0.5 * knowing[user],
};

describe('comparing models', () => {
  test('orders them, and leaves out those that do not fit or are another by a second name', async () => {
    const comparison = await compareModels(engineOf(says), request);
    expect(comparison.models.map(({ model }) => model)).toEqual(['logistic', 'popularity']);
    expect(comparison.skipped).toEqual([
      { model: 'linear', reason: 'it is logistic by another name here' },
      { model: 'dnn', reason: 'it says the same as logistic of every user' },
      { model: 'gbdt', reason: 'gbdt is of no use here.' },
    ]);
    expect(comparison.models[0]).toMatchObject({ settings: { seed: 4 }, learning: [{ name: 'one' }] });
    expect(comparison.models[0].settings).not.toHaveProperty('curves');
  });

  test('a model that was named and does not fit ends it', async () => {
    const failure = compareModels(engineOf(says), { ...request, models: ['popularity', 'gbdt'], skipUnfit: false });
    await expect(failure).rejects.toThrow('gbdt is of no use here.');
  });

  test('says which model validation users would pick, and what it reaches on test users', async () => {
    const { models, ...rest } = await compareModels(engineOf(says), request);
    const [best, other] = models;
    const own = summarise({
      ...rest,
      models: [
        { ...best, onValidation: 0.8 },
        { ...other, onValidation: 0.7 },
      ],
    });
    expect(own).toContain('Validation users pick logistic too (AUC .8000 there).');
    const another = summarise({
      ...rest,
      models: [
        { ...best, onValidation: 0.7 },
        { ...other, onValidation: 0.75 },
      ],
    });
    expect(another.find((sentence) => sentence.startsWith('Validation'))).toMatch(
      /^Validation users would pick popularity \(AUC \.7500 there\), which reaches \.5000 on the test users/,
    );
  });

  test('a model that fails is told as a fault, and the others are compared', async () => {
    const failing = engineOf(says);
    const engine = {
      ...failing,
      evaluate: (...args: Parameters<Engine['evaluate']>) =>
        args[2].model === 'gbdt' ? Promise.reject(new Error('out of memory')) : failing.evaluate(...args),
    };
    const { models, skipped } = await compareModels(engine, request);
    expect(models.map(({ model }) => model)).toEqual(['logistic', 'popularity']);
    expect(skipped.at(-1)).toEqual({ model: 'gbdt', reason: 'out of memory', isFault: true });
  });

  test('where none fits, the last reason is told', async () => {
    await expect(compareModels(engineOf({}), request)).rejects.toThrow('gbdt is of no use here.');
  });

  test('all are asked with the same seed, and progress never falls', async () => {
    const asked: EvaluationOptions[] = [];
    const fractions: number[] = [];
    await compareModels(engineOf(says, asked), {
      ...request,
      crossValidate: 3,
      onProgress: (_stage, fraction) => fractions.push(fraction),
    });
    expect(
      new Set(asked.map(({ seed, crossValidate, predictions }) => `${seed} ${crossValidate} ${predictions}`)),
    ).toEqual(new Set(['4 3 true']));
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  });

  test('a signal ends it while users are drawn, too', async () => {
    const stop = new AbortController();
    const failure = compareModels(engineOf(says), {
      ...request,
      signal: stop.signal,
      onProgress: (stage) => stage.startsWith('drawing') && stop.abort(),
    });
    await expect(failure).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('says in words which is best, by how much, and what it is worth', async () => {
    const comparison = await compareModels(engineOf(says), request);
    const sentences = summarise(comparison);
    expect(sentences[0]).toMatch(
      /^logistic is best: AUC \.\d{4} \(95 % interval \.\d{4} to \.\d{4}\) on 400 test users\.$/,
    );
    expect(sentences[1]).toBe('The difference to every other model is a finding, not chance.');
    expect(sentences[2]).toMatch(
      /^popularity, which knows nothing of a user, reaches \.5000: the best model adds \.\d{4}\.$/,
    );
    expect(sentences[3]).toMatch(
      /^The best peer of the descriptor, rival, reaches \.9900: logistic is \.\d{4} below it\.$/,
    );
    // .2 and .7 are said of users of whom a fifth and four fifths have the event.
    expect(sentences[4]).toMatch(/^Probabilities of logistic are \d+\.\d % off on average .* so calibrate it before/);
    const text = terminalText(comparison);
    for (const part of ['peer rival', 'left out', 'is of no use here.', ...sentences]) expect(text).toContain(part);
  });
});
