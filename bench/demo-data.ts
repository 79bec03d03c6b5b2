import { type DemoRecord, generateInstitution, generateReference } from '../src/demo/consortium.js';
import { INSTITUTIONS } from '../src/demo/institutions.js';
import { profileEvent } from '../src/demo/rows.js';
import type { Dataset, UserRow } from '../src/engine/data/dataset.js';
import type { Task } from '../src/engine/engine.js';
import { TrainingData } from '../src/models/training-data.js';
import { featuresOf } from '../src/profiles/features.js';
import { FEATURE_PREFIX, type TrainingView } from '../src/profiles/scoring-view.js';
import { applyEvents, emptyState } from '../src/profiles/state.js';

const NOW = new Date('2026-03-01T12:00:00Z');

/** The demo consortium as the service would read it for training, without a database: the same users each time. @param seed 1 is the one that is served */
export function demoViews(seed = 1): { institution: string; views: TrainingView[] }[] {
  return INSTITUTIONS.map((plan) => ({
    institution: plan.code,
    views: generateInstitution(plan, { now: NOW, seed }).records.map(viewOf),
  }));
}

/** People like those of the reference panel, so many times as many, as models would score them. */
export const panelRows = (scale: number): UserRow[] =>
  generateReference({ now: NOW, scale }).records.map((record) => viewOf(record).row);

function viewOf({ user, holdings, events, riskLabel }: DemoRecord): TrainingView {
  const own = events();
  const features = own.length === 0 ? {} : featuresOf(applyEvents(emptyState(), own.map(profileEvent)), NOW);
  const profile = Object.entries(features).map(([name, value]) => [FEATURE_PREFIX + name, value]);
  return {
    userId: user.id,
    externalId: user.externalId,
    row: {
      values: { ...user.attributes, ...Object.fromEntries(profile) },
      owned: holdings.map(({ product }) => product.code),
    },
    tags: [],
    eventCount: own.length,
    holdings: [],
    riskLabel: riskLabel ?? null,
    fold: null,
    protectedAttributes: user.protectedAttributes,
  };
}

/** The data set on which the model of a task is trained, and the rows of all users. @param seed of the consortium; 1 is the one that is served */
export function demoDataset(task: Task, seed = 1): { dataset: Dataset; rows: UserRow[] } {
  const data = new TrainingData(task);
  const all = demoViews(seed);
  for (const { institution, views } of all) data.add(institution, views);
  return { dataset: data.build('demo', 1), rows: all.flatMap(({ views }) => views.map(({ row }) => row)) };
}
