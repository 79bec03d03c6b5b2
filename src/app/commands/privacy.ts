import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  calibrateNoise,
  calibrateSamplingRate,
  calibrateSteps,
} from '../../../federated/privacy/accountant/calibrate.js';
import { ACCOUNTANTS, type Accountant, epsilon } from '../../../federated/privacy/accountant/epsilon.js';
import { type Mechanism, parseMechanisms } from '../../../federated/privacy/mechanism.js';
import { badInput, type ConcordError } from '../../errors.js';
import { createOutput } from '../output.js';

/** `concord privacy`: what releases cost, and what noise a target needs. Arithmetic alone: no database, no server. */
export function privacyCommand(): Command {
  return new Command('privacy')
    .description('Compute privacy losses: ε of DP-SGD and of compositions, and the noise that a target needs.')
    .addCommand(epsilonCommand())
    .addCommand(composeCommand())
    .addCommand(calibrateCommand());
}

const samplingRate = () => option('--sampling-rate <q>', 'share of users in a step, more than 0 and at most 1');
const noiseMultiplier = () => option('--noise-multiplier <sigma>', 'deviation of the noise ÷ clip norm');
const steps = () => option('--steps <n>', 'number of steps');
const delta = () => option('--delta <delta>', 'δ of the guarantee').makeOptionMandatory();
const accountant = () =>
  new Option('--accountant <name>', 'privacy loss distributions (tight) or Rényi').choices(ACCOUNTANTS).default('pld');
const option = (flags: string, description: string) => new Option(flags, description).argParser(parseNumber);

interface EpsilonOptions {
  samplingRate: number;
  noiseMultiplier: number;
  steps: number;
  delta: number;
  accountant: Accountant;
  json?: boolean;
}

function epsilonCommand(): Command {
  return new Command('epsilon')
    .description('ε of DP-SGD: Poisson-subsampled Gaussian noise, a number of steps.')
    .addOption(samplingRate().makeOptionMandatory())
    .addOption(noiseMultiplier().makeOptionMandatory())
    .addOption(steps().makeOptionMandatory())
    .addOption(delta())
    .addOption(accountant())
    .option('--json', 'one JSON object on stdout')
    .action((options: EpsilonOptions) => {
      const { samplingRate, noiseMultiplier, steps } = options;
      printEpsilon([{ mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier, steps }], options);
    });
}

function composeCommand(): Command {
  return new Command('compose')
    .description('ε of several releases together.')
    .requiredOption('--events <file>', 'JSON: an array of mechanisms (docs/privacy.md)')
    .addOption(delta())
    .addOption(accountant())
    .option('--json', 'one JSON object on stdout')
    .action(async (options: EpsilonOptions & { events: string }) =>
      printEpsilon(await readMechanisms(options.events), options),
    );
}

function printEpsilon(
  mechanisms: readonly Mechanism[],
  options: Pick<EpsilonOptions, 'delta' | 'accountant' | 'json'>,
) {
  const { delta, accountant } = options;
  const value = checked(() => epsilon(mechanisms, delta, accountant));
  if (!Number.isFinite(value)) {
    throw badInput(`There is no ε at δ = ${delta}: the releases' own δ reaches it already. Ask for a larger δ.`);
  }
  createOutput(options).result({ epsilon: value, delta, accountant }, () => `ε = ${value.toFixed(4)} at δ = ${delta}`);
}

interface CalibrateOptions {
  samplingRate?: number;
  noiseMultiplier?: number;
  steps?: number;
  epsilon: number;
  delta: number;
  json?: boolean;
}

function calibrateCommand(): Command {
  const command = new Command('calibrate')
    .description('The one of noise multiplier, steps and sampling rate that is not given, for a target (ε, δ).')
    .addOption(samplingRate())
    .addOption(noiseMultiplier())
    .addOption(steps())
    .addOption(option('--epsilon <epsilon>', 'ε that must not be passed').makeOptionMandatory())
    .addOption(delta())
    .option('--json', 'one JSON object on stdout');
  return command.action((options: CalibrateOptions) => {
    const found = checked(() => calibrate(options));
    if (!found) return command.error('error: give two of --sampling-rate, --noise-multiplier and --steps');
    createOutput(options).result(found, () =>
      Object.entries(found)
        .map(([name, value]) => `${name} = ${value}`)
        .join('\n'),
    );
  });
}

function calibrate(options: CalibrateOptions): Record<string, number> | undefined {
  const { samplingRate, noiseMultiplier, steps, epsilon, delta } = options;
  const target = { epsilon, delta };
  if (samplingRate !== undefined && steps !== undefined && noiseMultiplier === undefined)
    return { noiseMultiplier: calibrateNoise(samplingRate, steps, target) };
  if (samplingRate !== undefined && noiseMultiplier !== undefined && steps === undefined)
    return { steps: calibrateSteps(samplingRate, noiseMultiplier, target) };
  if (noiseMultiplier !== undefined && steps !== undefined && samplingRate === undefined)
    return { samplingRate: calibrateSamplingRate(noiseMultiplier, steps, target) };
  return undefined;
}

async function readMechanisms(path: string): Promise<Mechanism[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw badInput(`The file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
  let value: unknown;
  try {
    // Some programs begin a file with a byte order mark.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw badInput(`The file ${path} is not JSON.`);
  }
  return checked(() => parseMechanisms(value));
}

/** The accountant's RangeErrors name what is out of range: the caller's input. */
function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw badInput(error.message) satisfies ConcordError;
    throw error;
  }
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Write a number.');
  return value;
}
