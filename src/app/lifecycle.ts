/** Where the server is in its life. It goes one way only. */
export type Lifecycle =
  | { readonly phase: 'starting'; readonly step: string }
  | { readonly phase: 'ready' }
  | { readonly phase: 'draining'; readonly reason: string }
  | { readonly phase: 'stopped' };

export type LifecycleEvent =
  | { readonly type: 'step'; readonly step: string }
  | { readonly type: 'composed' }
  | { readonly type: 'stop'; readonly reason: string }
  | { readonly type: 'closed' };

export const STARTING: Lifecycle = { phase: 'starting', step: 'starting' };

/** @returns the state after the event; an event that does not fit (a step after the stop) changes nothing. */
export function transition(state: Lifecycle, event: LifecycleEvent): Lifecycle {
  switch (event.type) {
    case 'step':
      return state.phase === 'starting' ? { phase: 'starting', step: event.step } : state;
    case 'composed':
      return state.phase === 'starting' ? { phase: 'ready' } : state;
    case 'stop':
      return state.phase === 'starting' || state.phase === 'ready'
        ? { phase: 'draining', reason: event.reason }
        : state;
    case 'closed':
      return { phase: 'stopped' };
  }
}
