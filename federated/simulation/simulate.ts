import { initialState, type ServerOptimiser, serverStep } from '../aggregation/server-optimiser.js';
import { weightedMean } from '../aggregation/weighted-mean.js';
import { canonicalJson } from '../canonical-json.js';
import { mechanismsOf } from '../privacy/dp-sgd.js';
import type { Mechanism } from '../privacy/mechanism.js';
import type { RoundPlan } from '../protocol/plan.js';
import { digestOf, updateFileChunks } from '../protocol/update-file.js';
import type { BankLedger } from './bank-ledger.js';

export interface SimulatedBank {
  readonly ledger: BankLedger;
  /** Public or noisy number of users: what its update weighs, and what its denominator expects. */
  readonly expectedUsers: number;
  /** Trains on the bank's own users. */
  update(
    plan: RoundPlan,
    parameters: Float32Array,
  ): Promise<{ update: Float32Array; mechanisms: readonly Mechanism[] }>;
}

export interface SimulatedRun {
  readonly banks: readonly SimulatedBank[];
  readonly rounds: number;
  readonly start: Float32Array;
  readonly server: ServerOptimiser;
  /** The plan of a round for a bank: all but what follows from its number and its expected users. */
  readonly plan: Omit<RoundPlan, 'round' | 'number' | 'base' | 'mechanisms'>;
  onRound?(done: number): void;
}

/**
 * All rounds of a run in one process: each bank reserves what its part costs, trains, and commits; the coordinator takes the weighted mean
 * and makes its step.
 * @returns the mean of the parameters after the last half of the rounds
 */
export async function simulate({ banks, rounds, start, server, plan, onRound }: SimulatedRun): Promise<Float32Array> {
  const parameters = start.slice();
  const state = initialState(server, parameters.length);
  const mean = new Float64Array(parameters.length);
  const averaged = Math.max(1, Math.floor(rounds / 2));
  for (let number = 1; number <= rounds; number++) {
    const base = { version: String(number - 1), digest: digestOf(updateFileChunks(parameters)) };
    const updates: Float32Array[] = [];
    for (const bank of banks) {
      const training = { ...plan.training, expectedUsers: bank.expectedUsers };
      const mechanisms = mechanismsOf(training);
      const own: RoundPlan = { ...plan, round: `round-${number}`, number, base, training, mechanisms };
      updates.push(
        await bank.ledger.charge(
          { population: own.population, run: own.run, round: own.round },
          mechanisms,
          async () => {
            const made = await bank.update(own, parameters);
            if (canonicalJson(made.mechanisms) !== canonicalJson(mechanisms))
              throw new Error('The trainer ran another mechanism than was charged.');
            return { result: made.update, digest: digestOf(updateFileChunks(made.update)) };
          },
        ),
      );
    }
    const weights = banks.map(({ expectedUsers }) => expectedUsers);
    serverStep(server, parameters, await meanOf(updates, weights), state);
    if (number > rounds - averaged)
      parameters.forEach((value, index) => {
        mean[index] += value / averaged;
      });
    onRound?.(number);
  }
  return Float32Array.from(mean);
}

async function meanOf(updates: readonly Float32Array[], weights: readonly number[]): Promise<Float32Array> {
  const mean = new Float32Array(updates[0].length);
  let at = 0;
  for await (const piece of weightedMean(updates.map(whole), weights)) {
    mean.set(piece, at);
    at += piece.length;
  }
  return mean;
}

async function* whole(update: Float32Array): AsyncGenerator<Float32Array> {
  yield update;
}
