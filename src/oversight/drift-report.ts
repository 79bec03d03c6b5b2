import { setImmediate } from 'node:timers/promises';
import type { Dataset } from '../engine/data/dataset.js';
import type { FeatureContract } from '../engine/encoders/contract.js';
import type { Task } from '../engine/engine.js';
import { type FeatureDrift, featureDrifts } from '../engine/metrics/drift/feature-drift.js';
import { type HoldingsDrift, holdingsDrift, parseOwnershipProfile } from '../engine/metrics/drift/holdings-drift.js';
import {
  type LabelDrift,
  labelDrift,
  parseScoreProfile,
  type ScoreProfile,
  scoreDrift,
} from '../engine/metrics/drift/score-profile.js';
import { gravest, type Shift, type ShiftLevel } from '../engine/metrics/drift/stability.js';

/** How far users have moved from those whom a model was trained on. */
export interface DriftReport {
  /** Of now. */
  readonly users: number;
  /** Whom the contract was fitted to; null: not known. */
  readonly trainedOn: number | null;
  /** Greatest PSI first. */
  readonly features: readonly FeatureDrift[];
  readonly holdings: readonly HoldingsDrift[];
  /** Of a risk model. */
  readonly score: Shift | null;
  readonly label: LabelDrift | null;
  /** What could not be told, and why. */
  readonly notes: readonly string[];
}

export interface DriftInput {
  readonly task: Task;
  readonly contract: FeatureContract;
  readonly training: Readonly<Record<string, unknown>>;
  readonly current: Dataset;
  /** Of the same users, of a risk model. */
  readonly scores?: ArrayLike<number>;
  /** How many training users have a known label, and which share of them the event: of files, which have no profile of scores. */
  readonly baseline?: Pick<ScoreProfile, 'users' | 'events'>;
  /** Why the contract tells no distribution; undefined: it does. */
  readonly undistributed?: string;
}

/** Lets other work go on between the features: a server answers meanwhile. */
export async function driftReport({
  task,
  contract,
  training,
  current,
  scores,
  baseline,
  undistributed,
}: DriftInput): Promise<DriftReport> {
  const trainedOn = typeof training.trainingUsers === 'number' ? training.trainingUsers : null;
  const trained = trainedOn ?? Number.POSITIVE_INFINITY;
  const notes: string[] = [];
  if (undistributed) notes.push(undistributed);
  const profile = parseScoreProfile(training.scores);
  if (scores && task === 'risk' && !profile)
    notes.push(
      'The version was stored without a profile of its scores: neither their drift is told nor that of labels.',
    );
  const labels = profile ?? baseline;
  const known = current.label?.filter((label) => label === 0 || label === 1) ?? [];
  const features: FeatureDrift[] = [];
  for (const drift of undistributed ? [] : featureDrifts(contract, current, trained)) {
    features.push(drift);
    await setImmediate();
  }
  const owned = parseOwnershipProfile(training.owned, contract.products.length);
  const holdings = undistributed ? [] : holdingsDrift(contract, current, trained, task === 'interest', owned);
  if (!undistributed && features.length + holdings.length === 0)
    notes.push('The version says nothing of how its inputs were spread: their drift is not told.');
  if (contract.sequence) notes.push('The events that it reads one by one are not measured.');
  const unlabelled = current.size - known.length;
  if (task === 'risk' && scores && unlabelled > 0)
    notes.push(
      `It has learned from users whose label is known; ${unlabelled} of these ${current.size} have none. What has moved may be who has a label.`,
    );
  return {
    users: current.size,
    trainedOn,
    features: features.sort((a, b) => b.psi - a.psi),
    holdings,
    score: profile && scores ? scoreDrift(profile, scores) : null,
    label: (labels && labelDrift(labels, known)) ?? null,
    notes,
  };
}

export const driftLevel = ({ features, holdings, score, label }: DriftReport): ShiftLevel =>
  gravest([...features, ...holdings, ...(score ? [score] : []), ...(label ? [label] : [])].map(({ level }) => level));
