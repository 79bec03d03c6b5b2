/**
 * What was computed lately is not computed again: keys that were used last are kept.
 * @param most how many values, or how much of what they weigh
 */
export function remember<V>(most: number, weightOf: (value: V) => number = () => 1) {
  const known = new Map<string | number, V>();
  let weight = 0;
  return (key: string | number, make: () => V): V => {
    const found = known.get(key);
    if (found !== undefined) {
      known.delete(key);
      known.set(key, found);
      return found;
    }
    const value = make();
    known.set(key, value);
    weight += weightOf(value);
    for (const [oldest, old] of known) {
      if (weight <= most || oldest === key) break;
      known.delete(oldest);
      weight -= weightOf(old);
    }
    return value;
  };
}
