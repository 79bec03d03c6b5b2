import type { TrialRecord } from './trials-file.js';

/** One record a trial (the one with full effort where there is one): first those with full effort, by their loss; then the others; then the refused. */
export function ranked(records: readonly TrialRecord[]): TrialRecord[] {
  const byTrial = new Map<number, TrialRecord>();
  for (const record of records) if (record.full || !byTrial.has(record.trial)) byTrial.set(record.trial, record);
  const group = ({ full, validationLoss }: TrialRecord) => (validationLoss === null ? 2 : full ? 0 : 1);
  return [...byTrial.values()].sort(
    (a, b) => group(a) - group(b) || (a.validationLoss ?? 0) - (b.validationLoss ?? 0) || a.trial - b.trial,
  );
}

/** The one with the least validation loss. */
export const bestOf = (records: readonly TrialRecord[]): TrialRecord | undefined =>
  ranked(records).find(({ validationLoss }) => validationLoss !== null);

/** Names of the settings that are not the same in all trials. */
export function differing(records: readonly TrialRecord[]): string[] {
  const names = new Set(records.flatMap(({ settings }) => Object.keys(settings)));
  const textOf = ({ settings }: TrialRecord, name: string) =>
    JSON.stringify((settings as Readonly<Record<string, unknown>>)[name]);
  return [...names].filter((name) => new Set(records.map((record) => textOf(record, name))).size > 1);
}
