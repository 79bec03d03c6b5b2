import fc from 'fast-check';
import { type Counts, chiSquare, groupOrdered, groupUnordered } from './classes.js';

const none = { leastUsers: 0, leastChiSquare: 0, mostGroups: 1000 };
const rate = ({ users, events }: Counts) => events / users;
const classes = fc.array(
  fc
    .record({ users: fc.integer({ min: 1, max: 500 }), share: fc.double({ min: 0, max: 1, noNaN: true }) })
    .map(({ users, share }): Counts => ({ users, events: Math.round(users * share) })),
  { minLength: 1, maxLength: 30 },
);
const merging = fc.record({
  leastUsers: fc.integer({ min: 0, max: 300 }),
  leastChiSquare: fc.double({ min: 0, max: 10, noNaN: true }),
  mostGroups: fc.integer({ min: 2, max: 10 }),
});

test('groups of a rising or falling shape have rates that rise or fall, however they are merged', () => {
  fc.assert(
    fc.property(classes, merging, fc.constantFrom('rising' as const, 'falling' as const), (fine, how, shape) => {
      const rates = groupOrdered(fine, shape, how).map(rate);
      const sign = shape === 'rising' ? 1 : -1;
      for (let place = 1; place < rates.length; place++)
        expect(sign * (rates[place] - rates[place - 1])).toBeGreaterThan(-1e-12);
    }),
  );
});

test('every class is in one group, neighbours of an order stay together, and nobody is lost', () => {
  fc.assert(
    fc.property(
      classes,
      merging,
      fc.constantFrom('auto' as const, 'u' as const, 'hump' as const, 'free' as const),
      (fine, how, shape) => {
        const groups = groupOrdered(fine, shape, how);
        expect(groups.flatMap((group) => group.classes)).toEqual([...fine.keys()]);
        expect(groups.reduce((sum, { users }) => sum + users, 0)).toBe(fine.reduce((sum, { users }) => sum + users, 0));
        expect(groups.length).toBeLessThanOrEqual(how.mostGroups);
        if (groups.length > 1) for (const { users } of groups) expect(users).toBeGreaterThanOrEqual(how.leastUsers);
      },
    ),
  );
});

test('a declared U keeps its two arms, which one direction would lose', () => {
  const fine = [50, 30, 10, 10, 30, 50].map((events) => ({ users: 100, events }));
  expect(groupOrdered(fine, 'u', none).map(rate)).toEqual([0.5, 0.3, 0.1, 0.3, 0.5]);
  expect(groupOrdered(fine, 'auto', none).length).toBeLessThan(4);
});

test('the likelier direction is taken', () => {
  const fine = [10, 20, 15, 40].map((events) => ({ users: 100, events }));
  expect(groupOrdered(fine, 'auto', none).map(rate)).toEqual([0.1, 0.175, 0.4]);
});

test('categories are grouped by their rates, and rare ones are taken for less than they seem', () => {
  const groups = groupUnordered(
    [
      { users: 1000, events: 100 },
      { users: 1000, events: 400 },
      { users: 2, events: 2 },
      { users: 1000, events: 105 },
    ],
    10,
    { leastUsers: 50, leastChiSquare: 3.84, mostGroups: 8 },
  );
  expect(groups.map((group) => group.classes)).toEqual([
    [0, 3],
    [1, 2],
  ]);
});

test('χ² of two groups is that of the table of four', () => {
  // (ad − bc)² n / ((a + b)(c + d)(a + c)(b + d)) of 20 of 100 and 30 of 100
  expect(chiSquare({ users: 100, events: 20 }, { users: 100, events: 30 })).toBeCloseTo(8 / 3, 10);
});
