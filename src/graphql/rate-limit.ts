/** A bucket of tokens for each client, in memory: cost is taken out, and flows back at a steady rate. */
export interface RateLimiter {
  /**
   * Takes the cost out.
   * @param client who is charged
   * @returns 0 where there was enough, else the seconds after which there will be (nothing is taken then)
   */
  charge(client: string, cost: number): number;
}

export interface RateOptions {
  /** Cost that may be used at once; 0: no limit. */
  readonly capacity: number;
  readonly perSecond: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

interface Bucket {
  level: number;
  at: number;
}

/** As many clients are remembered; one that is forgotten starts with a full bucket. */
const MOST_CLIENTS = 10_000;

export function createRateLimiter({ capacity, perSecond, now = () => performance.now() }: RateOptions): RateLimiter {
  const buckets = new Map<string, Bucket>();

  function bucketOf(client: string): Bucket {
    const time = now();
    const found = buckets.get(client);
    const bucket = found
      ? { level: Math.min(capacity, found.level + ((time - found.at) / 1000) * perSecond), at: time }
      : { level: capacity, at: time };
    buckets.delete(client); // the least recently seen client comes first in the map
    buckets.set(client, bucket);
    if (buckets.size > MOST_CLIENTS) buckets.delete(buckets.keys().next().value!);
    return bucket;
  }

  return {
    charge(client, cost) {
      if (capacity === 0) return 0;
      const bucket = bucketOf(client);
      const asked = Math.min(cost, capacity); // what is dearer than a full bucket waits for a full bucket
      if (bucket.level >= asked) {
        bucket.level -= asked;
        return 0;
      }
      return Math.max(1, Math.ceil((asked - bucket.level) / perSecond));
    },
  };
}
