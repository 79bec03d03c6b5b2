import { setTimeout } from 'node:timers/promises';
import { calibrateNoise, calibrateSamplingRate, calibrateSteps } from '../federated/privacy/accountant/calibrate.js';
import { epsilon } from '../federated/privacy/accountant/epsilon.js';
import type { Question } from './accountant-cases.js';
import { round } from './benchmark.js';

/** A process for one question, the first and the second time it is asked. */
function answer(question: Question): number {
  switch (question.ask) {
    case 'epsilon':
      return epsilon(question.mechanisms, question.delta);
    case 'noise':
      return calibrateNoise(question.samplingRate, question.steps, question);
    case 'steps':
      return calibrateSteps(question.samplingRate, question.noiseMultiplier, question);
    case 'rate':
      return calibrateSamplingRate(question.noiseMultiplier, question.steps, question);
  }
}

function measured(question: Question): { readonly value: number; readonly cpuMs: number } {
  const before = process.cpuUsage();
  const value = answer(question);
  const { user, system } = process.cpuUsage(before);
  return { value, cpuMs: (user + system) / 1000 };
}

// What loading has left to do is done then.
await setTimeout(200);
const question = JSON.parse(process.argv[2]) as Question;
const first = measured(question);
const again = measured(question);
const figures = { value: first.value, firstCpuMs: round(first.cpuMs), againCpuMs: round(again.cpuMs) };
process.stdout.write(JSON.stringify(figures));
