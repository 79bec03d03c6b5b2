import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'concord-privacy-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the command prints with --json. */
async function run(...words: string[]): Promise<Record<string, number>> {
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await (await createProgram('privacy')).parseAsync(['privacy', ...words, '--json'], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return JSON.parse(text);
}

function eventsFile(content: string): string {
  const path = join(folder, 'events.json');
  writeFileSync(path, content);
  return path;
}

const epsilon = (changes: Readonly<Record<string, string>> = {}) => {
  const options = { 'sampling-rate': '0.01', 'noise-multiplier': '1', steps: '1000', delta: '1e-5', ...changes };
  return run('epsilon', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]));
};

describe('concord privacy epsilon', () => {
  test('answers far beyond any use, too', async () => {
    expect((await epsilon()).epsilon).toBeCloseTo(1.8285, 2);
    expect((await epsilon({ steps: '1000000000' })).epsilon).toBeGreaterThan(50_000);
    expect((await epsilon({ 'sampling-rate': '1', steps: '10' })).epsilon).toBeCloseTo(17.8566, 3);
    expect((await epsilon({ 'noise-multiplier': '0.001' })).epsilon).toBeGreaterThan(1e6);
    expect((await epsilon({ delta: '0.999' })).epsilon).toBe(0);
  });

  test.each([
    ['steps', '1e12', '"steps" must be'],
    ['steps', '1.5', '"steps" must be'],
    ['steps', '-5', '"steps" must be'],
    ['sampling-rate', '0', '"samplingRate" must be'],
    ['sampling-rate', '1.0001', '"samplingRate" must be'],
    ['noise-multiplier', '0', '"noiseMultiplier" must be'],
    ['noise-multiplier', '1e-9', '"noiseMultiplier" must be'],
    ['delta', '0', 'δ must be'],
    ['delta', '1', 'δ must be'],
    ['delta', '1e-13', 'δ must be'],
  ])('--%s %s is bad input, and named', async (option, value, message) => {
    await expect(epsilon({ [option]: value })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining(message),
    });
  });
});

describe('concord privacy compose', () => {
  const compose = (content: string, delta = '1e-5') =>
    run('compose', '--events', eventsFile(content), '--delta', delta);
  const one = '{"mechanism":"gaussian","noiseMultiplier":1,"count":1}';

  test('nothing costs nothing; a byte order mark is no harm', async () => {
    expect(await compose('[]')).toMatchObject({ epsilon: 0 });
    expect((await compose(`\uFEFF[${one}]`)).epsilon).toBeCloseTo(4.3772, 3);
  });

  test.each([
    ['[', 'is not JSON'],
    ['', 'is not JSON'],
    ['{}', 'must be an array'],
    ['[null]', 'mechanism 1 must be an object'],
    [`[${one}, {"mechanism":"gaussian","noiseMultiplier":"1","count":1}]`, 'mechanism 2: "noiseMultiplier"'],
    ['[{"mechanism":"gaussian","noiseMultiplier":1}]', 'mechanism 1: "count"'],
    ['[{"mechanism":"laplace","scale":1e400,"count":1}]', 'mechanism 1: "scale"'],
    ['[{"mechanism":"gaussian","noiseMultiplier":1,"count":1,"steps":2}]', '"steps" is not a field'],
    ['[{"mechanism":"__proto__"}]', '"mechanism" must be one of'],
    ['[{"mechanism":"approximate","epsilon":1,"delta":1e-5}]', 'There is no ε at δ = 0.00001'],
  ])('%s: %s', async (content, message) => {
    await expect(compose(content)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining(message),
    });
  });

  test('a file that is not there is bad input', async () => {
    await expect(run('compose', '--events', join(folder, 'none'), '--delta', '1e-5')).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('ENOENT'),
    });
  });
});

describe('concord privacy calibrate', () => {
  test('finds each of the three; no step where none fits', async () => {
    const target = ['--epsilon', '2', '--delta', '1e-5'];
    const { noiseMultiplier } = await run('calibrate', '--sampling-rate', '0.01', '--steps', '1000', ...target);
    expect(noiseMultiplier).toBeCloseTo(0.9592, 3);
    const { steps } = await run('calibrate', '--sampling-rate', '0.01', '--noise-multiplier', '1', ...target);
    expect((await epsilon({ steps: String(steps) })).epsilon).toBeLessThanOrEqual(2);
    const { samplingRate } = await run('calibrate', '--noise-multiplier', '1', '--steps', '1000', ...target);
    expect(samplingRate).toBeCloseTo(0.01086, 4);
    const none = await run('calibrate', '--sampling-rate', '0.5', '--noise-multiplier', '0.1', ...target);
    expect(none).toEqual({ steps: 0 });
  });

  test.each([
    [['--sampling-rate', '0.01', '--steps', '1000', '--epsilon', '0'], 'ε must be'],
    [['--sampling-rate', '0.01', '--steps', '1000', '--epsilon', '1e5'], 'ε must be'],
    [['--sampling-rate', '2', '--steps', '1000', '--epsilon', '1'], '"samplingRate"'],
    [['--sampling-rate', '1', '--steps', '1', '--epsilon', '1e-9'], 'cannot be reached'],
  ])('%j: %s', async (words, message) => {
    await expect(run('calibrate', ...words, '--delta', '1e-12')).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining(message),
    });
  });
});
