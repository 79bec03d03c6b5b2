import { createRateLimiter } from './rate-limit.js';

describe('createRateLimiter', () => {
  let now = 0;
  const limiter = () => createRateLimiter({ capacity: 100, perSecond: 10, now: () => now });

  it('lets a burst pass, then says how long to wait', () => {
    const rate = limiter();
    expect(rate.charge('a', 60)).toBe(0);
    expect(rate.charge('a', 40)).toBe(0);
    expect(rate.charge('a', 25)).toBe(3);
    now += 2500;
    expect(rate.charge('a', 25)).toBe(0);
    expect(rate.charge('a', 1)).toBe(1);
  });

  it('keeps clients apart, and never holds more than the capacity', () => {
    const rate = limiter();
    expect(rate.charge('a', 100)).toBe(0);
    expect(rate.charge('b', 100)).toBe(0);
    now += 1e9;
    expect(rate.charge('a', 100)).toBe(0);
    expect(rate.charge('a', 1)).toBe(1);
  });

  it('lets what is dearer than a full bucket pass when it is full, rather than never', () => {
    const rate = limiter();
    expect(rate.charge('a', 1000)).toBe(0);
    expect(rate.charge('a', 1000)).toBe(10);
  });

  it('limits nothing where the capacity is 0', () => {
    expect(createRateLimiter({ capacity: 0, perSecond: 1 }).charge('a', 1e12)).toBe(0);
  });
});
