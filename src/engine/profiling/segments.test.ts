import { createRandom } from '../layers/random.js';
import { nearestCentre, segmentsOf } from './segments.js';

/** Points around some centres on a plane. */
function clouds(centres: readonly (readonly [number, number])[], each: number, spread: number): Float32Array {
  const random = createRandom(5);
  return Float32Array.from(
    centres.flatMap(([x, y]) =>
      Array.from({ length: each }, () => [x + spread * random.normal(), y + spread * random.normal()]).flat(),
    ),
  );
}

test('clouds that lie apart are the segments', () => {
  const points = clouds(
    [
      [0, 0],
      [10, 0],
      [0, 10],
      [10, 10],
    ],
    60,
    0.5,
  );
  const { centres, segments, silhouette } = segmentsOf(points, 2, 1, 20);
  expect(centres).toHaveLength(8);
  expect(silhouette).toBeGreaterThan(0.8);
  for (let cloud = 0; cloud < 4; cloud++) expect(new Set(segments.slice(60 * cloud, 60 * (cloud + 1))).size).toBe(1);
  for (let point = 0; point < 240; point++)
    expect(nearestCentre(centres, points.slice(2 * point, 2 * point + 2))).toBe(segments[point]);
});

test('no segment is smaller than asked, and the largest comes first', () => {
  const points = Float32Array.from([
    ...clouds(
      [
        [0, 0],
        [9, 9],
      ],
      100,
      0.5,
    ),
    ...clouds([[40, 40]], 5, 0.1),
  ]);
  const { centres, segments } = segmentsOf(points, 2, 1, 20);
  const sizes = Array.from(
    { length: centres.length / 2 },
    (_, segment) => segments.filter((own) => own === segment).length,
  );
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(20);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
});

test('points that are all alike, or too few, are one segment', () => {
  expect(segmentsOf(new Float32Array(100).fill(1), 2, 1, 20).centres).toHaveLength(2);
  expect(
    segmentsOf(
      clouds(
        [
          [0, 0],
          [9, 9],
        ],
        10,
        0.1,
      ),
      2,
      1,
      20,
    ).centres,
  ).toHaveLength(2);
});
