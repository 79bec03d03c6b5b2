import DataLoader from 'dataloader';
import { type Context, perRequest } from './context.js';

const MAX_BATCH = 1_000;

/**
 * The request's loader over a service method that answers many keys at once: what several edges ask for in one tick is one call.
 * @param key an object of the caller's own, as for perRequest
 * @param load a key that is not in its answer loads undefined
 */
export function loaderOf<K, V>(
  context: Context,
  key: object,
  load: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
): DataLoader<K, V | undefined> {
  return perRequest(
    context,
    key,
    () =>
      new DataLoader<K, V | undefined>(
        async (keys) => {
          const found = await load(keys);
          return keys.map((each) => found.get(each));
        },
        { maxBatchSize: MAX_BATCH },
      ),
  );
}
