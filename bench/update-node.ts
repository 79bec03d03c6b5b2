import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeFolder } from '../federated/node/folder.js';
import { round } from './benchmark.js';
import { collectGarbage, memory } from './memory.js';

/** A node's folder: an update is kept, hashed and read. Its parameters themselves are held, as its trainer holds them. */
async function main(size: number): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'concord-bench-'));
  const folder = NodeFolder.open(path);
  try {
    collectGarbage();
    const before = memory().now;
    const update = new Float32Array(size).fill(1e-3);
    folder.keepUpdate('round', update);
    const kept = await folder.keptUpdate('round');
    let read = 0;
    for await (const chunk of folder.readUpdate('round', 0)) read += chunk.length;
    if (read !== kept?.bytes || update.length !== size) throw new Error('The update that was kept is not whole.');
    const { peak } = memory();
    const figures = {
      updateMiB: round((4 * size) / 2 ** 20),
      beforeMiB: round(before),
      peakMiB: round(peak),
      growthMiB: round(peak - before),
    };
    process.stdout.write(JSON.stringify(figures));
  } finally {
    folder.close();
    await rm(path, { recursive: true, force: true });
  }
}

void main(Number(process.argv[2]));
