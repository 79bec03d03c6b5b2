import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ConcordError } from '../src/errors.js';
import type { Benchmark, Result } from './benchmark.js';

/**
 * Memory of both sides of a round, by the size of the model. Each size has processes of its own: peaks are of a process's whole life. The
 * coordinator goes through two rounds of two nodes, on a PostgreSQL of its own: join, begin, upload, commit, aggregation with an optimiser that
 * remembers, a new version. The node keeps an update in its folder and reads it for upload.
 */
export const update: Benchmark = {
  description:
    'a model update through both sides: peak memory of coordinator and node, and seconds, by the number of parameters',
  async run({ parameters, progress }) {
    const results: Result[] = [];
    for (const size of parameters) {
      for (const side of ['coordinator', 'node']) {
        progress(`${side}, ${size.toExponential()} parameters`);
        const figures = await measured(`update-${side}.ts`, size);
        results.push({ name: `${side}, ${size.toExponential()} parameters`, ...figures });
      }
    }
    return results;
  },
};

async function measured(program: string, size: number): Promise<Omit<Result, 'name'>> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', path, String(size)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [answer, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new ConcordError('INTERNAL', `${program} ended with ${code}.`);
  return JSON.parse(answer);
}
