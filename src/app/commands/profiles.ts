import { Command, InvalidArgumentError, Option } from 'commander';
import { labelOf } from '../../embeddings/profile-model.js';
import { BACKENDS, type BackendName } from '../../engine/backends/backend.js';
import { ConcordError } from '../../errors.js';
import { createRuntime, localViewer } from '../composition.js';
import { readConfig } from '../config.js';
import { createOutput, table } from '../output.js';

interface Options {
  institution: string;
  seed: number;
  backend?: BackendName;
  json?: boolean;
}

/** `concord profiles`: trains an institution's profile model, beside a running server or without one. */
export function profilesCommand(): Command {
  return new Command('profiles')
    .description(
      "Train an institution's profile model on its stored users: embeddings, segments, and what is unusual. Everyone is placed by it.",
    )
    .requiredOption('--institution <code>', 'whose users; the model never leaves the institution')
    .option('--seed <number>', 'decides everything that is random', wholeNumber, 1)
    .addOption(new Option('--backend <name>', 'what computes (default: the best that works)').choices(BACKENDS))
    .option('--json', 'one JSON object on stdout')
    .action(runProfiles);
}

async function runProfiles({ institution, seed, backend, ...options }: Options): Promise<void> {
  const output = createOutput(options);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const runtime = await createRuntime(readConfig(), { onStep: (step) => output.progress(step, 0) });
  try {
    const { institutions, embeddings } = runtime.services;
    const id = await institutions.idOf(institution);
    if (!id) throw new ConcordError('NOT_FOUND', `There is no institution with the code ${institution}.`);
    const viewer = localViewer(id);
    const { model, placed } = await embeddings.train(viewer, institution, {
      seed,
      backend,
      signal: stop.signal,
      onProgress: ({ stage, fraction, figures }) => output.progress(stage, fraction, figures),
    });
    const segments = await embeddings.segments(viewer, model);
    output.progress('done', 1);
    output.result({ institution, ...model, placed }, () => {
      const rows = segments.map(({ index, segment, usersNow }) => ({
        segment: index,
        users: usersNow,
        share: Number(segment.share.toFixed(3)),
        label: labelOf(segment),
      }));
      const figures = Object.entries(model.metrics).map(([figure, value]) => ({
        figure,
        value: Number(value.toFixed(4)),
      }));
      return `${placed} users of ${institution} are placed.\n\n${table(rows)}\n\n${table(figures)}`;
    });
  } finally {
    process.off('SIGINT', interrupt);
    await runtime.close();
  }
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A whole number is expected.');
}
