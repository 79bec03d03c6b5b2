import type { Dataset } from '../data/dataset.js';
import type { Segment, Trait } from './model.js';

const MOST_TRAITS = 6;
/** Smaller differences, in standard deviations, say nothing. */
const LEAST_EFFECT = 0.2;
/** Users of a category, or owners, below which they are not spoken of. */
const LEAST_USERS = 20;

/** How each segment's users differ from all: by means of numbers and shares of categories and products, in standard deviations. */
export function segmentsWithTraits(
  dataset: Dataset,
  users: Int32Array,
  segmentOf: Int32Array,
  segments: number,
): Segment[] {
  const sizes = new Int32Array(segments);
  for (const segment of segmentOf) sizes[segment]++;
  const traits = Array.from({ length: segments }, (): Trait[] => []);
  const compare = (feature: string, category: string | null, values: (user: number) => number) => {
    const counts = new Int32Array(segments);
    const sums = new Float64Array(segments);
    let [count, sum, squares] = [0, 0, 0];
    users.forEach((user, index) => {
      const value = values(user);
      if (Number.isNaN(value)) return;
      counts[segmentOf[index]]++;
      sums[segmentOf[index]] += value;
      count++;
      sum += value;
      squares += value * value;
    });
    const overall = sum / count;
    const deviation = Math.sqrt(Math.max(0, squares / count - overall ** 2));
    if (!(count >= LEAST_USERS && deviation > 0)) return;
    for (let segment = 0; segment < segments; segment++) {
      if (counts[segment] < LEAST_USERS) continue;
      const value = sums[segment] / counts[segment];
      const effect = (value - overall) / deviation;
      if (Math.abs(effect) >= LEAST_EFFECT) traits[segment].push({ feature, category, value, overall, effect });
    }
  };
  for (const column of dataset.columns) {
    if (column.kind === 'categorical') {
      column.categories.forEach((category, index) => {
        const owners = users.reduce((sum, user) => sum + (column.values[user] === index ? 1 : 0), 0);
        if (owners >= LEAST_USERS) compare(column.name, category, (user) => (column.values[user] === index ? 1 : 0));
      });
    } else if (column.kind === 'numeric') compare(column.name, null, (user) => column.values[user]);
  }
  const { ownership } = dataset;
  ownership?.products.forEach((code, product) => {
    const owners = new Uint8Array(dataset.size);
    let count = 0;
    for (const user of users) {
      for (let item = ownership.offsets[user]; item < ownership.offsets[user + 1]; item++)
        if (ownership.items[item] === product) owners[user] = 1;
      count += owners[user];
    }
    if (count >= LEAST_USERS) compare(`owned:${code}`, null, (user) => owners[user]);
  });
  return Array.from(sizes, (size, segment) => ({
    share: size / Math.max(1, users.length),
    users: size,
    traits: traits[segment].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, MOST_TRAITS),
  }));
}
