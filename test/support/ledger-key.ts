import { generateNodeKey } from '../../federated/protocol/keys.js';
import type { LedgerKey } from '../../src/privacy/ledger.service.js';

/** A coordinator's key of the test's own. */
export const testLedgerKey = (): LedgerKey => generateNodeKey();
