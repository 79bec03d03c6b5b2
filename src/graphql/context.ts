import type { Viewer } from './viewer.js';

/** What every resolver gets as its context: who calls, and what is kept for the length of one request. */
export interface Context {
  /** Undefined where no token was sent. A token that does not verify never comes this far. */
  readonly viewer: Viewer | undefined;
  readonly requestId: string;
  /** Who is charged for what the request costs: the token's subject, else the address that it comes from. */
  readonly caller: string;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
  /** Things that live as long as the request, by the key under which a feature keeps them. Use perRequest. */
  readonly kept: Map<object, unknown>;
}

/**
 * A thing that is made once a request: a DataLoader, say.
 * @param key an object of the caller's own (its class, its factory)
 */
export function perRequest<T>(context: Context, key: object, make: () => T): T {
  if (!context.kept.has(key)) context.kept.set(key, make());
  return context.kept.get(key) as T;
}
