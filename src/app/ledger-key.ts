import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { keyId } from '../../federated/protocol/keys.js';
import type { LedgerKey } from '../privacy/ledger.service.js';
import { openKeyFile } from './key-file.js';

/** The coordinator's key for checkpoints of ledgers; its id is its thumbprint. @throws {ConcordError} CONFIGURATION */
export async function openLedgerKey(dataDir: string): Promise<LedgerKey> {
  const jwk = await openKeyFile(dataDir, 'ledger-key.json', 'the key that signs ledgers');
  const publicKey = jwk.x as string;
  return {
    id: keyId(publicKey),
    publicKey,
    privateKey: createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' }),
  };
}
