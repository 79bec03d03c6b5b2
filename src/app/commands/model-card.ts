import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { EvaluationResult } from '../../engine/engine.js';
import { badInput } from '../../errors.js';
import type { Dated, ModelCard } from '../../oversight/card/card.js';
import { makeCard } from '../../oversight/card/make-card.js';
import { cardMarkdown } from '../../oversight/card/markdown.js';
import { type FairnessReport, fairnessLevel } from '../../oversight/fairness-report.js';
import { createRuntime } from '../composition.js';
import { readConfig } from '../config.js';
import { versionOf, viewerFor } from '../fairness/stored.js';
import { createOutput } from '../output.js';
import { VERSION } from '../version.js';

interface Options {
  institution?: string;
  evaluation?: string;
  format: 'md' | 'json';
}

/** `concord model-card`: what is known of a version, in the order of Annex IV to the EU's Artificial Intelligence Act. */
export function modelCardCommand(): Command {
  return new Command('model-card')
    .description(
      "Print the card of a model version: use, data, figures, fairness, drift and privacy spent, in the order of Annex IV to the EU's AI Act.",
    )
    .argument('[version]', 'its id, or risk or interest: the version that serves')
    .option('--institution <code>', 'for whom: its own versions, and the figures of its users')
    .option(
      '--evaluation <file>',
      'of no stored version: what concord evaluate --json or concord fairness --json has printed',
    )
    .addOption(new Option('--format <name>', 'Markdown to be read, or JSON').choices(['md', 'json']).default('md'))
    .action(runModelCard);
}

async function runModelCard(named: string | undefined, options: Options): Promise<void> {
  if ((named === undefined) === (options.evaluation === undefined))
    throw badInput('Name a version, or a file with --evaluation.');
  const output = createOutput({ json: options.format === 'json' });
  const card = named === undefined ? await evaluatedCard(options.evaluation!) : await storedCard(named, options);
  output.result(card, () => cardMarkdown(card));
}

async function storedCard(named: string, { institution }: Options): Promise<ModelCard> {
  const runtime = await createRuntime(readConfig());
  try {
    const viewer = await viewerFor(runtime, institution);
    return await runtime.services.oversight.cards.card(viewer, await versionOf(runtime, viewer, named));
  } finally {
    await runtime.close();
  }
}

/** Of a model that was tried on files and not kept. */
async function evaluatedCard(path: string): Promise<ModelCard> {
  const at = new Date();
  const { task, model, metrics, settings, dataset, fairness } = await readEvaluation(path);
  return makeCard({
    concord: VERSION,
    at,
    version: {
      ...{ id: null, task, model, number: null, status: null, owner: null },
      ...{ createdAt: null, activatedAt: null, rolledBackAt: null, digest: null },
      metrics,
      training: { dataset, ...settings },
    },
    privacy: { federated: false, rounds: 0, spent: [], incomplete: false },
    ...(fairness && { fairness: datedNow(fairness, at) }),
  });
}

const datedNow = (report: FairnessReport, at: Date): Dated<FairnessReport> => ({
  ...report,
  measuredAt: at.toISOString(),
  level: fairnessLevel(report),
});

type Evaluated = Pick<EvaluationResult, 'task' | 'model' | 'metrics' | 'dataset'> &
  Partial<Pick<EvaluationResult, 'settings'>> & { readonly fairness?: FairnessReport };

async function readEvaluation(path: string): Promise<Evaluated> {
  let value: Evaluated;
  try {
    value = JSON.parse(await readFile(path, 'utf8')) as Evaluated;
  } catch (error) {
    throw badInput(`The file ${path} cannot be read as JSON: ${(error as Error).message}`);
  }
  const known = value?.task === 'risk' || value?.task === 'interest';
  if (!known || typeof value.model !== 'string' || typeof value.metrics !== 'object')
    throw badInput(`The file ${path} is not what concord evaluate --json prints for one model.`);
  return value;
}
