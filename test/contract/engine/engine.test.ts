import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BackendName, BackendReport } from '../../../src/engine/backends/backend.js';
import { type BackendCheck, CASES, TOLERANCE } from './check.js';

const PROCESS = ['--import', 'tsx', join(__dirname, 'backend-process.ts')];
/** Every machine has these; the others are checked where they are. */
const REQUIRED: readonly BackendName[] = ['onnxruntime', 'wasm', 'cpu'];

const parse = <T>(output: string): T => JSON.parse(output.slice(output.lastIndexOf('\n') + 1)) as T;
const found = parse<BackendReport[]>(execFileSync(process.execPath, PROCESS, { encoding: 'utf8' }));
const present = found.filter(({ available }) => available);
const checks = new Map<BackendName, BackendCheck>();

function checkOf(name: BackendName): BackendCheck {
  const check = checks.get(name);
  if (!check) throw new Error(`${name} did not run to the end`);
  return check;
}

test('the backends that every machine has are there', () => {
  const missing = found.filter(({ name, available }) => REQUIRED.includes(name) && !available);
  expect(missing).toEqual([]);
});

for (const { name, available, reason } of found)
  if (!available) test.skip(`${name} was NOT checked: ${reason}`, () => {});

describe.each(present)('$name ($device) agrees with float64', ({ name }) => {
  beforeAll(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...PROCESS, name], { maxBuffer: 2 ** 26 });
    checks.set(name, parse<BackendCheck>(stdout));
  }, 300_000);

  test.each(CASES.map((each) => each.name))('%s', (wanted) => {
    const outcome = checkOf(name).outcomes.find((each) => each.name === wanted);
    expect(outcome).toEqual({ name: wanted, deviation: expect.any(Number) });
    expect(outcome?.deviation).toBeLessThanOrEqual(TOLERANCE);
  });
});

describe('a whole training step', () => {
  test.each(
    present.map(({ name }) => name).filter((name) => name !== 'onnxruntime'),
  )('is the same traced and eagerly on %s', (name) => {
    const [[gradient, [loss]]] = checkOf('onnxruntime').steps;
    const [[otherGradient, [otherLoss]]] = checkOf(name).steps;
    expect(Math.abs(loss - otherLoss)).toBeLessThan(1e-5 * loss);
    expect(otherGradient).toHaveLength(gradient.length);
    const largest = Math.max(...gradient.map(Math.abs));
    gradient.forEach((value, index) => {
      expect(Math.abs(value - otherGradient[index])).toBeLessThan(1e-5 * (Math.abs(value) + largest / 10));
    });
  });

  test.each(REQUIRED)('repeats to the last bit on %s', (name) => {
    const [first, second] = checkOf(name).steps;
    expect(second).toEqual(first);
  });
});
