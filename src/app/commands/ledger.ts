import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, InvalidArgumentError } from 'commander';
import { ACCOUNTANT_ACCURACY, ACCOUNTANT_VERSION } from '../../../federated/privacy/accountant/epsilon.js';
import { verifyStream } from '../../../federated/privacy/ledger/verify.js';
import { badInput, ConcordError } from '../../errors.js';
import { createRuntime, localViewer } from '../composition.js';
import { readConfig } from '../config.js';
import { createOutput, EXIT } from '../output.js';

/** `concord ledger`: what an auditor takes home, and how they verify it there. */
export function ledgerCommand(): Command {
  return new Command('ledger')
    .description('Export a ledger of privacy budgets, and verify an export offline.')
    .addCommand(exportCommand())
    .addCommand(verifyCommand());
}

function exportCommand(): Command {
  return new Command('export')
    .description(
      "An institution's ledger as JSON lines: public keys, entries, checkpoints. A checkpoint is taken first.",
    )
    .requiredOption('--institution <code>', 'whose')
    .option('--output <file>', 'where to (default: stdout)')
    .action(async ({ institution, output }: { institution: string; output?: string }) => {
      const runtime = await createRuntime(readConfig());
      try {
        const { institutions, privacy } = runtime.services;
        const id = await institutions.idOf(institution);
        if (!id) throw new ConcordError('NOT_FOUND', `There is no institution with the code ${institution}.`);
        const lines = async function* () {
          for await (const line of privacy.ledger.export(localViewer(id), id)) yield `${JSON.stringify(line)}\n`;
        };
        if (output) await pipeline(Readable.from(lines()), createWriteStream(output));
        else for await (const line of lines()) await written(line);
      } finally {
        await runtime.close();
      }
    });
}

const written = (text: string): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(text, (error) => (error ? reject(error) : resolve())));

interface VerifyOptions {
  key?: Map<string, string>;
  unsigned?: boolean;
  json?: boolean;
}

function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Recompute an export: chain, rules, every ε, Merkle roots, signatures. Exit code 1 where anything is wrong.',
    )
    .argument('<file>', 'an export')
    .option('--key <id=publickey>', "a coordinator's key that you trust (query ledgerKey); repeatable", trustedKey)
    .option('--unsigned', "a node's own ledger, which has no checkpoints: nobody but the bank has signed it")
    .option('--json', 'one JSON object on stdout')
    .action(async (file: string, options: VerifyOptions) => {
      const { key: trusted, unsigned } = options;
      const { problems, budgets, accountants, ...found } = await verifyStream(linesOf(file), { trusted, unsigned });
      const versions = [...accountants].map(([version, entries]) => ({ version, entries }));
      const populations = [...budgets].map(([population, { cap, spent }]) => ({
        population,
        epsilon: spent.pld,
        epsilonByRenyi: spent.rdp,
        cap: cap ? { epsilon: cap.epsilon, delta: cap.delta, from: cap.at, until: cap.until } : null,
      }));
      const whole = problems.length === 0;
      createOutput(options).result(
        {
          whole,
          ...found,
          keysTrusted: options.key !== undefined,
          accountant: ACCOUNTANT_VERSION,
          accountants: versions,
          populations,
          problems,
        },
        () =>
          [
            ...problems.map(({ line, problem }) => `line ${line}: ${problem}`),
            ...populations.map(
              ({ population, epsilon, cap }) =>
                `${population}: ε = ${epsilon.toFixed(4)} of ${cap?.epsilon ?? 0} at δ = ${cap?.delta ?? 0}`,
            ),
            `${found.entries} entries, ${found.checkpoints} checkpoints over ${found.covered} of them: ${whole ? 'whole' : 'NOT WHOLE'}`,
            ...versions.filter(({ version }) => version !== ACCOUNTANT_VERSION).map(otherVersion),
            ...(whole && !options.key && !options.unsigned
              ? ['The keys are those of the file: give --key to know who signed.']
              : []),
          ].join('\n'),
      );
      if (!whole) process.exitCode = EXIT.failure;
    });
}

const otherVersion = ({ version, entries }: { version: number; entries: number }) =>
  `${entries} of the entries have figures of version ${version} of the accountant, and this is version ${ACCOUNTANT_VERSION}: each ε was ` +
  `compared to ${ACCOUNTANT_ACCURACY} (of ε, where it is more than 1), as near as two versions are; all else was checked in full.`;

/** A ledger's longest entry has a few kilobytes. */
const LONGEST_LINE = 2 ** 24;

/** Of a file, as they stand: split at line feeds alone, since an auditor sees every byte. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, 'utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() as string;
      if (rest.length > LONGEST_LINE) throw badInput(`The file ${file} has a line of more than 16 million characters.`);
      yield* lines;
    }
  } catch (error) {
    if (error instanceof ConcordError) throw error;
    throw badInput(`The file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
  yield rest;
}

function trustedKey(text: string, before: Map<string, string> = new Map()): Map<string, string> {
  const [, id, key] = /^([^=]+)=([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (!id || !key) throw new InvalidArgumentError('Write ID=PUBLICKEY, 32 bytes in base64url.');
  return before.set(id, key);
}
