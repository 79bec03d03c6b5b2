import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../canonical-json.js';

/** A node's key: Ed25519. Its id is its thumbprint, so that a key can't be enrolled under another's id. */
export interface NodeKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  /** 32 bytes in base64url. */
  readonly publicKey: string;
}

export function generateNodeKey(): NodeKey {
  return nodeKeyOf(generateKeyPairSync('ed25519').privateKey);
}

/** @throws {TypeError} where the text is not an Ed25519 private key in PKCS#8 PEM */
export function readNodeKey(pem: string): NodeKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('A node has an Ed25519 key.');
  return nodeKeyOf(privateKey);
}

export const writeNodeKey = (key: NodeKey): string => key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

function nodeKeyOf(privateKey: KeyObject): NodeKey {
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x as string;
  return { id: keyId(publicKey), privateKey, publicKey };
}

/**
 * JWK thumbprint of an Ed25519 public key (RFC 7638 with RFC 8037).
 * @param publicKey 32 bytes in base64url
 */
export const keyId = (publicKey: string): string =>
  createHash('sha256')
    .update(canonicalJson({ crv: 'Ed25519', kty: 'OKP', x: publicKey }))
    .digest('base64url');

/** @throws {TypeError} where it is not 32 bytes in base64url that are a point of the curve */
export function publicKeyObject(publicKey: string): KeyObject {
  if (!isBase64url(publicKey, 32)) throw new TypeError('An Ed25519 public key is 32 bytes in base64url.');
  if (isOfSmallOrder(publicKey))
    throw new TypeError('This public key is a point of small order: anyone can sign for it.');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
}

/** y-coordinates of the points of order 1, 2, 4 and 8, and their spellings above the field's prime, without the bit for the sign of x. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** Under such a key a signature that fits one message fits others too: its owner could deny what was signed. */
function isOfSmallOrder(publicKey: string): boolean {
  const bytes = Buffer.from(publicKey, 'base64url');
  bytes[31] &= 0x7f;
  return SMALL_ORDER.has(bytes.toString('hex'));
}

/** Whether it spells so many bytes in the one way that base64url has for them: unused bits are 0. */
export function isBase64url(text: string, bytes: number): boolean {
  const decoded = Buffer.from(text, 'base64url');
  return decoded.length === bytes && decoded.toString('base64url') === text;
}
