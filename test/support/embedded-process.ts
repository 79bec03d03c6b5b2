import { startEmbedded } from '../../src/database/embedded.js';
import { ConcordError } from '../../src/errors.js';

/**
 * A process that uses an embedded PostgreSQL, for tests that kill it: options of startEmbedded as JSON in argv; answers with one line
 * of JSON; stops at the end of its input.
 */
async function main(): Promise<void> {
  try {
    const started = performance.now();
    const onError = (error: Error) => process.stderr.write(`${error.message}\n`);
    const { stop, ...embedded } = await startEmbedded({ ...JSON.parse(process.argv[2]), onError });
    const { ownerUrl, pid, folder } = embedded;
    process.stdout.write(`${JSON.stringify({ ownerUrl, pid, folder, ms: performance.now() - started })}\n`);
    process.stdin.resume().once('end', () => stop());
  } catch (error) {
    if (!(error instanceof ConcordError)) throw error;
    process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`);
    process.exitCode = 1;
  }
}

void main();
