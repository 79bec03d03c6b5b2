import type { Mechanism } from '../federated/privacy/mechanism.js';

/** What the accountant is asked: ε of mechanisms, or the noise, the number of steps or the sampling rate for a target. */
export type Question =
  | { readonly ask: 'epsilon'; readonly mechanisms: readonly Mechanism[]; readonly delta: number }
  | (Target & { readonly ask: 'noise'; readonly samplingRate: number; readonly steps: number })
  | (Target & { readonly ask: 'steps'; readonly samplingRate: number; readonly noiseMultiplier: number })
  | (Target & { readonly ask: 'rate'; readonly noiseMultiplier: number; readonly steps: number });

interface Target {
  readonly epsilon: number;
  readonly delta: number;
}

export interface Case {
  readonly name: string;
  readonly question: Question;
}

type Run = readonly [samplingRate: number, noiseMultiplier: number, steps: number];

const dpSgd = ([samplingRate, noiseMultiplier, steps]: Run): Mechanism => ({
  ...{ mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier, steps },
});
const gaussian = (noiseMultiplier: number): Mechanism => ({ mechanism: 'gaussian', noiseMultiplier, count: 1 });
const laplace = (scale: number, count: number): Mechanism => ({ mechanism: 'laplace', scale, count });

/** Rates, noise and lengths of runs as they are published and as banks would choose them, from one step to a million. */
const RUNS: readonly Run[] = [
  ...([
    [0.001, 0.5, 1000],
    [0.001, 0.7, 10_000],
    [0.001, 1, 1],
    [0.001, 1, 10_000],
    [0.001, 2, 10_000],
  ] as const),
  ...([
    [0.01, 0.5, 100],
    [0.01, 0.7, 1000],
    [0.01, 1, 1],
    [0.01, 1, 100],
    [0.01, 1, 1000],
    [0.01, 1, 10_000],
  ] as const),
  ...([
    [0.01, 1.5, 1000],
    [0.01, 2, 10_000],
    [0.01, 4, 10_000],
    [0.05, 0.7, 100],
    [0.05, 1, 100],
    [0.05, 1.5, 1000],
  ] as const),
  ...([
    [0.05, 2, 1000],
    [0.05, 4, 10_000],
    [0.1, 1, 1],
    [0.1, 1, 100],
    [0.1, 2, 1000],
    [0.1, 4, 1000],
    [0.1, 4, 10_000],
  ] as const),
  ...([
    [1, 0.7, 1],
    [1, 1, 1],
    [1, 2, 10],
    [1, 4, 1000],
    [0.01, 1, 1_000_000],
    [0.001, 20, 1_000_000],
  ] as const),
];

const MIXED: readonly (readonly [string, readonly Mechanism[]])[] = [
  ['two runs', [dpSgd([0.01, 1, 500]), dpSgd([0.02, 1.5, 300])]],
  ['three runs', [dpSgd([0.001, 0.7, 5000]), dpSgd([0.01, 1.2, 500]), dpSgd([0.1, 3, 100])]],
  ['a run and a Gaussian statistic', [dpSgd([0.01, 0.8, 1000]), gaussian(5)]],
  ['less and less noise', [dpSgd([0.05, 3, 200]), dpSgd([0.05, 2, 200]), dpSgd([0.05, 1.5, 100])]],
  ['a run, a Gaussian statistic, ten Laplace counts', [dpSgd([0.05, 2, 1000]), gaussian(10), laplace(10, 10)]],
  ['a run and an (ε, δ) release', [dpSgd([0.01, 1, 1000]), { mechanism: 'approximate', epsilon: 0.5, delta: 1e-7 }]],
  ['a run with adaptive clipping, twice', [dpSgd([0.02, 1.1, 800]), dpSgd([0.02, 10, 400])]],
  ['one Laplace release', [laplace(0.5, 1)]],
  ['ten Laplace releases', [laplace(1, 10)]],
  ['a hundred Laplace releases', [laplace(2, 100)]],
  ['a hundred Laplace releases of little noise', [laplace(0.5, 100)]],
];

const NOISE: readonly (readonly [epsilon: number, samplingRate: number, steps: number, delta: number])[] = [
  ...([
    [1, 1, 1, 1e-5],
    [0.5, 0.01, 1000, 1e-5],
    [2, 0.01, 1000, 1e-5],
    [8, 0.01, 1000, 1e-5],
    [1, 0.05, 200, 1e-6],
  ] as const),
  ...([
    [4, 0.05, 200, 1e-6],
    [0.5, 0.001, 10_000, 1e-6],
    [2, 0.001, 10_000, 1e-6],
    [8, 0.001, 10_000, 1e-6],
  ] as const),
];
const LENGTHS: readonly (readonly [
  epsilon: number,
  samplingRate: number,
  noiseMultiplier: number,
  steps: number,
  delta: number,
])[] = [
  ...([
    [2, 0.01, 1, 1000, 1e-5],
    [2, 0.001, 0.7, 10_000, 1e-6],
    [3, 0.05, 2, 1000, 1e-5],
    [1, 0.01, 4, 10_000, 1e-5],
  ] as const),
  ...([
    [8, 0.1, 1, 100, 1e-5],
    [0.5, 0.001, 1, 10_000, 1e-6],
  ] as const),
];

export const CASES: readonly Case[] = [
  ...RUNS.map((run) => ({
    name: `ε: q = ${run[0]}, σ = ${run[1]}, ${run[2]} steps`,
    question: { ask: 'epsilon', mechanisms: [dpSgd(run)], delta: 1e-5 } as const,
  })),
  ...MIXED.map(([name, mechanisms]) => ({
    name: `ε: ${name}`,
    question: { ask: 'epsilon', mechanisms, delta: 1e-5 } as const,
  })),
  ...NOISE.map(([epsilon, samplingRate, steps, delta]) => ({
    name: `noise for ε = ${epsilon}, q = ${samplingRate}, ${steps} steps`,
    question: { ask: 'noise', epsilon, samplingRate, steps, delta } as const,
  })),
  ...LENGTHS.flatMap(([epsilon, samplingRate, noiseMultiplier, steps, delta]) => [
    {
      name: `steps for ε = ${epsilon}, q = ${samplingRate}, σ = ${noiseMultiplier}`,
      question: { ask: 'steps', epsilon, samplingRate, noiseMultiplier, delta } as const,
    },
    {
      name: `rate for ε = ${epsilon}, σ = ${noiseMultiplier}, ${steps} steps`,
      question: { ask: 'rate', epsilon, noiseMultiplier, steps, delta } as const,
    },
  ]),
];
