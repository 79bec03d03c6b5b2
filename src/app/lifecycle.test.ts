import { type LifecycleEvent, STARTING, transition } from './lifecycle.js';
import { createResources } from './resources.js';

describe('transition', () => {
  const stateAfter = (...events: LifecycleEvent[]) => events.reduce(transition, STARTING);

  it('goes from starting to ready, draining, stopped', () => {
    expect(stateAfter({ type: 'step', step: 'migrating' })).toEqual({ phase: 'starting', step: 'migrating' });
    expect(stateAfter({ type: 'composed' })).toEqual({ phase: 'ready' });
    expect(stateAfter({ type: 'composed' }, { type: 'stop', reason: 'SIGTERM' })).toEqual({
      phase: 'draining',
      reason: 'SIGTERM',
    });
    expect(stateAfter({ type: 'stop', reason: 'x' }, { type: 'closed' })).toEqual({ phase: 'stopped' });
  });

  it('never goes back', () => {
    const stop: LifecycleEvent = { type: 'stop', reason: 'first' };
    expect(
      stateAfter(stop, { type: 'composed' }, { type: 'step', step: 'x' }, { type: 'stop', reason: 'second' }),
    ).toEqual({
      phase: 'draining',
      reason: 'first',
    });
    expect(stateAfter({ type: 'composed' }, { type: 'step', step: 'x' })).toEqual({ phase: 'ready' });
    expect(stateAfter({ type: 'closed' }, stop)).toEqual({ phase: 'stopped' });
  });
});

describe('createResources', () => {
  it('closes in reverse order, each whatever becomes of the others, and once', async () => {
    const closed: string[] = [];
    const resources = createResources();
    for (const name of ['a', 'b', 'c']) {
      resources.add(name, async (it) => {
        closed.push(it);
        if (it === 'b') throw new Error('stuck');
      });
    }
    await expect(resources.close()).rejects.toThrow(AggregateError);
    await resources.close();
    expect(closed).toEqual(['c', 'b', 'a']);
  });
});
