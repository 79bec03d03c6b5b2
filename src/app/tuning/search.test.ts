import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { riskDataset } from '../../../test/support/synthetic.js';
import type { Engine, EvaluationResult, ModelName, TrialOptions } from '../../engine/engine.js';
import { ConcordError } from '../../errors.js';
import { digestOf } from './digest.js';
import { givenSettings } from './given-settings.js';
import { type SearchResult, search } from './search.js';
import { openTrials, type SearchHeader } from './trials-file.js';

const dataset = riskDataset({ size: 40 });
const headerOf = (model: ModelName): SearchHeader => ({
  ...{ version: '1.0.0', dataset: dataset.name, data: digestOf(dataset), task: 'risk', model, seed: 1 },
});
/** Trial 5 looks best with little effort, trial 7 is best with all of it, trial 4 cannot be trained. */
const LOSSES = [0.6, 0.59, 0.61, null, 0.51, 0.65, 0.52, 0.64, 0.63];
const lossOf = ({ trial, effort = 1 }: TrialOptions): number | null => {
  const loss = LOSSES[trial - 1];
  return loss === null ? null : loss - (effort === 1 ? (trial === 7 ? 0.05 : 0.01) : 0);
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'concord-tune-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly model?: ModelName;
  readonly trials?: number;
  readonly path?: string;
  readonly milliseconds?: number;
  /** Called as a trial begins, or the test. */
  onWork?(work: string, stop: { readonly ending: AbortController; readonly signal: AbortController }): void;
}

async function run({ model = 'gbdt', trials = 9, path = 'trials.jsonl', milliseconds, onWork }: Run = {}) {
  const done: string[] = [];
  const stop = { ending: new AbortController(), signal: new AbortController() };
  const shown: [number, number | undefined][] = [];
  let clock = 0;
  const begin = (work: string) => {
    done.push(work);
    onWork?.(work, stop);
  };
  const engine: Pick<Engine, 'trial' | 'evaluate'> = {
    async trial(_dataset, _task, options) {
      const { trial, effort = 1 } = options;
      begin(`${trial}${effort < 1 ? ' a third' : ''}`);
      clock += 10;
      options.onProgress?.({ stage: '', fraction: 0.5 });
      const validationLoss = lossOf(options);
      const refused = validationLoss === null ? { refused: 'Training diverged.' } : {};
      return { settings: { l2: trial, maxLeaves: 4 }, validationLoss, ...refused, backend: 'abacus', seconds: 1 };
    },
    async evaluate(_dataset, _task, { settings, signal }) {
      begin(`test ${JSON.stringify(settings)}`);
      if (signal?.aborted) throw new ConcordError('CANCELLED', 'Cancelled.');
      return { metrics: { auc: 0.7 }, backend: 'abacus', seconds: 2 } as unknown as EvaluationResult;
    },
  };
  const file = await openTrials(join(folder, path), headerOf(model));
  const result = await search(
    engine,
    { dataset, task: 'risk', model, seed: 1, trials, ...(milliseconds !== undefined && { milliseconds }) },
    file,
    {
      ending: stop.ending.signal,
      signal: stop.signal.signal,
      now: () => clock,
      onProgress: (_stage, fraction, figures) => shown.push([fraction, figures?.bestLoss]),
    },
  );
  return { result, done, shown, text: readFileSync(join(folder, path), 'utf8') };
}

const numbers = ({ trials }: SearchResult) => trials.map(({ trial, full }) => `${trial}${full ? '' : ' a third'}`);

describe('a search', () => {
  test('tries all with a third of the effort, and the best third and the usual settings with all of it', async () => {
    const { result, done } = await run();
    const first = Array.from({ length: 9 }, (_, index) => `${index + 1} a third`);
    expect(done).toEqual([...first, '5', '7', '2', '1', 'test {"l2":7,"maxLeaves":4}']);
    expect(numbers(result)).toEqual([
      '7',
      '5',
      '2',
      '1',
      '3 a third',
      '9 a third',
      '8 a third',
      '6 a third',
      '4 a third',
    ]);
    expect(result).toMatchObject({ best: { trial: 7, validationLoss: LOSSES[6]! - 0.05 }, ended: 'done', looks: 1 });
    expect(result.test).toMatchObject({ trial: 7, metrics: { auc: 0.7 } });
  });

  test('of a model without rounds tries each once', async () => {
    const { result, done } = await run({ model: 'scorecard' });
    expect(done).toEqual([...'123456789', 'test {"l2":7,"maxLeaves":4}']);
    expect(result.trials.every(({ full }) => full)).toBe(true);
  });

  test('shows progress that grows, and the least loss so far', async () => {
    const { shown } = await run();
    const fractions = shown.map(([fraction]) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    const losses = shown.flatMap(([, loss]) => loss ?? []);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(losses.at(-1)).toBe(LOSSES[6]! - 0.05);
  });

  test('that is broken off anywhere goes on to the same file, and does nothing twice', async () => {
    const whole = await run({ path: 'whole.jsonl' });
    const count = whole.done.length;
    for (let broken = 0; broken < count; broken++) {
      const path = `broken-${broken}.jsonl`;
      let begun = 0;
      const onWork = () => {
        if (begun++ === broken) throw new Error('The power is gone.');
      };
      await expect(run({ path, onWork })).rejects.toThrow('The power is gone.');
      // What was being written as the power went.
      writeFileSync(join(folder, path), '{"kind":"trial","tri', { flag: 'a' });
      const rest = await run({ path });
      expect(rest.done).toEqual(whole.done.slice(broken));
      expect(rest.text).toBe(whole.text);
      expect(rest.result).toEqual(whole.result);
    }
  });

  test('looks at test users once: not again when it is asked again, and says so where a longer search does', async () => {
    await run({ trials: 6 });
    const again = await run({ trials: 6 });
    expect(again.done).toEqual([]);
    expect(again.result).toMatchObject({ looks: 1, best: { trial: 5 }, test: { trial: 5 } });
    const longer = await run();
    expect(longer.done.filter((work) => work.startsWith('test'))).toHaveLength(1);
    expect(longer.result).toMatchObject({ looks: 2, test: { trial: 7 } });
  });

  test('ends after the current trial where it is asked to, with what is known and no look at test users', async () => {
    const { result, done } = await run({ onWork: (work, { ending }) => work === '3 a third' && ending.abort() });
    expect(done).toEqual(['1 a third', '2 a third', '3 a third']);
    expect(result).toMatchObject({ ended: 'interrupted', best: { trial: 2 }, test: undefined, looks: 0 });
    const testing = await run({ onWork: (work, { ending }) => work.startsWith('test') && ending.abort() });
    expect(testing.result).toMatchObject({ ended: 'interrupted', best: { trial: 7 }, test: undefined });
  });

  test('begins no trial after its time, half of which is for the first round', async () => {
    const { result, done } = await run({ milliseconds: 80 });
    expect(done).toEqual([
      ...['1 a third', '2 a third', '3 a third', '4 a third', '2', '1'],
      'test {"l2":2,"maxLeaves":4}',
    ]);
    expect(result.ended).toBe('time');
  });

  test('is not mixed with one of other data, seed or model', async () => {
    await run({ trials: 1 });
    await expect(run({ trials: 1, model: 'logistic' })).rejects.toThrow(/another model \(gbdt, not logistic\)/);
    const other = { ...headerOf('gbdt'), data: digestOf({ ...dataset, fold: new Uint8Array(40) }) };
    await expect(openTrials(join(folder, 'trials.jsonl'), other)).rejects.toThrow(/another state of the data or split/);
    writeFileSync(join(folder, 'notes.txt'), 'Not a search.\n');
    await expect(openTrials(join(folder, 'notes.txt'), headerOf('gbdt'))).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('settings that are given', () => {
  const use = { model: 'gbdt', task: 'risk' } as const;
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('are JSON, a file of it, or the best of a file of trials or of what tune has printed', async () => {
    const { result } = await run();
    expect(await givenSettings('{"l2": 3}', use)).toEqual({ l2: 3 });
    expect(await givenSettings(written('own.json', '{\n  "l2": 3\n}\n'), use)).toEqual({ l2: 3 });
    expect(await givenSettings(join(folder, 'trials.jsonl'), use)).toEqual({ l2: 7, maxLeaves: 4 });
    const printed = written('printed.json', JSON.stringify({ ...use, ...result }));
    expect(await givenSettings(printed, use)).toEqual({ l2: 7, maxLeaves: 4 });
  });

  test('are refused in a sentence where they are of another model, or nothing of the kind', async () => {
    await run({ trials: 1 });
    const path = join(folder, 'trials.jsonl');
    await expect(givenSettings(path, { ...use, model: 'dnn' })).rejects.toThrow(/for gbdt and risk, not for dnn/);
    for (const text of ['[1]', '{"l2"', '', '{"kind":"search"}', '{"best":null,"trials":[]}']) {
      const read = givenSettings(written('odd.json', text), use);
      await expect(read).rejects.toMatchObject({ code: 'BAD_INPUT' });
    }
    await expect(givenSettings('nowhere.json', use)).rejects.toThrow(/cannot be read: ENOENT/);
  });
});
