import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CASES, type Question } from './accountant-cases.js';
import type { Benchmark, Result } from './benchmark.js';

const QUESTION = fileURLToPath(new URL('accountant-question.ts', import.meta.url));
/** Of so many processes the median counts: what else the machine does is not the accountant's. */
const PROCESSES = 3;

interface Figures {
  readonly value: number;
  readonly firstCpuMs: number;
  readonly againCpuMs: number;
}

/**
 * The accountant as `concord privacy` asks it: each question is the first of a fresh process, so that compiling counts. Milliseconds of a
 * processor, of all threads of the process; again: the same question once more, of which the process remembers what it remembers.
 */
export const accountant: Benchmark = {
  description:
    'ε and calibrations, each as the first question of a process: milliseconds of a processor, and the worst of both',
  async run({ progress }) {
    const results: Result[] = [];
    const worst = { query: { name: '', firstCpuMs: 0 }, calibration: { name: '', firstCpuMs: 0 } };
    for (const { name, question } of CASES) {
      progress(name);
      const figures = await median(question);
      results.push({ name, ...figures });
      const kind = question.ask === 'epsilon' ? 'query' : 'calibration';
      if (figures.firstCpuMs > worst[kind].firstCpuMs) worst[kind] = { name, firstCpuMs: figures.firstCpuMs };
    }
    for (const [kind, { name, firstCpuMs }] of Object.entries(worst))
      results.push({ name: `worst ${kind}`, of: name, firstCpuMs });
    return results;
  },
};

async function median(question: Question): Promise<Figures> {
  const runs: Figures[] = [];
  for (let i = 0; i < PROCESSES; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      QUESTION,
      JSON.stringify(question),
    ]);
    runs.push(JSON.parse(stdout) as Figures);
  }
  return runs.sort((a, b) => a.firstCpuMs - b.firstCpuMs)[Math.floor(PROCESSES / 2)];
}
