import { histogramVectors } from './histogram.js';
import { canonical, keys, plans, statements, updateFile } from './messages.js';
import { aggregation, ledger, mechanisms } from './privacy.js';
import { refusals } from './refusals.js';
import { trainingVectors } from './training.js';

/** The test vectors of docs/protocol.md, by the name of their file. Nothing in them is random, and nothing depends on the time. */
export async function protocolVectors(): Promise<Readonly<Record<string, unknown>>> {
  return {
    keys: keys(),
    'canonical-json': canonical(),
    mechanisms: mechanisms(),
    plans: plans(),
    'update-file': updateFile(),
    statements: await statements(),
    refusals: await refusals(),
    aggregation: await aggregation(),
    ledger: ledger(),
    training: trainingVectors(),
    histogram: histogramVectors(),
  };
}
