export const SCHEDULES = ['constant', 'cosine', 'plateau'] as const;
/**
 * How the learning rate goes on. cosine: down to 0 over all epochs along half a cosine (Loshchilov and Hutter 2017). plateau: halved each time
 * that half the patience has passed without a better validation loss.
 */
export type Schedule = (typeof SCHEDULES)[number];

export interface ScheduleState {
  /** Epochs that are done, and the part of this one: 0 at the start. */
  readonly epochs: number;
  readonly maxEpochs: number;
  /** Epochs since the best one. */
  readonly sinceBest: number;
  readonly patience: number;
  /** Epochs over which the rate rises from 0; 0: it does not. */
  readonly warmup: number;
}

/** What the learning rate is multiplied by: 0 to 1. */
export function rateFactor(schedule: Schedule, state: ScheduleState): number {
  const { epochs, maxEpochs, sinceBest, patience, warmup } = state;
  const warm = warmup > 0 ? Math.min(1, epochs / warmup) : 1;
  if (schedule === 'cosine') return (warm * (1 + Math.cos(Math.PI * Math.min(1, epochs / maxEpochs)))) / 2;
  if (schedule === 'plateau') return warm * 0.5 ** Math.floor(sinceBest / Math.max(1, Math.ceil(patience / 2)));
  return warm;
}
