import { readFile } from 'node:fs/promises';
import type { ModelName, ModelSettings, Task } from '../../engine/engine.js';
import { badInput } from '../../errors.js';
import { bestOf } from './ranking.js';
import { parseTrials } from './trials-file.js';

/** For whom settings are given. */
interface Use {
  readonly model: ModelName;
  readonly task: Task;
}

/**
 * Settings as JSON or in a file: an object of settings, what `concord tune --json` has printed, or a file of trials; of these the best trial's.
 * Whether the model has them and they are in range, training says.
 * @throws {ConcordError} BAD_INPUT where they cannot be read, or are of another model or task
 */
export async function givenSettings(text: string, use: Use): Promise<ModelSettings> {
  const isJson = text.trimStart().startsWith('{');
  const content = isJson ? text : await readText(text);
  const name = isJson ? 'The JSON of --settings' : text;
  const value = wholeJson(content);
  if (value === undefined) {
    if (isJson || !content.startsWith('{"kind":"search"'))
      throw badInput(`${name} is neither JSON nor a file of trials.`);
    return ofTrials(content, name, use);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badInput(`${name} is no object of settings.`);
  if ('kind' in value) return ofTrials(content, name, use);
  if (!('best' in value && 'trials' in value)) return value as ModelSettings;
  const { best, ...of } = value as unknown as Use & { readonly best: { readonly settings: ModelSettings } | null };
  requireSame(of, name, use);
  if (!best) throw badInput(`${name} has no trial that was not refused.`);
  return best.settings;
}

function ofTrials(content: string, name: string, use: Use): ModelSettings {
  const { header, trials } = parseTrials(content.slice(0, content.lastIndexOf('\n') + 1), name);
  requireSame(header, name, use);
  const best = bestOf(trials);
  if (!best) throw badInput(`${name} has no trial yet.`);
  return best.settings;
}

function requireSame(of: Use, name: string, { model, task }: Use): void {
  if (of.model !== model || of.task !== task)
    throw badInput(`${name} is a search for ${of.model} and ${of.task}, not for ${model} and ${task}.`);
}

function wholeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // it may be JSON lines
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw badInput(`The settings ${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}.`);
  }
}
