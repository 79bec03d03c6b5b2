import { verifyLedger } from '../../federated/privacy/ledger/verify.js';
import type { Strategy } from '../../federated/protocol/plan.js';
import { recipeOf } from '../../src/app/simulation/recipe.js';
import { runSimulation, type SimulationRequest } from '../../src/app/simulation/run.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { riskDataset } from '../support/synthetic.js';

describe('a simulated private federation', () => {
  let engine: Engine;
  beforeAll(() => {
    engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  });
  afterAll(() => engine.close());

  const requestOf = (strategy: Strategy, banks: number): SimulationRequest => ({
    dataset: riskDataset({ size: 1500 }),
    declaration: {
      columns: [
        { name: 'income', kind: 'numeric' },
        { name: 'delay', kind: 'numeric', codes: [-2, -1] },
        { name: 'job', kind: 'categorical', categories: ['none', 'clerk', 'sailor'] },
        { name: 'opened', kind: 'date' },
      ],
      products: [],
      holdings: false,
    },
    task: 'risk',
    model: 'logistic',
    banks,
    splitBy: ['job', 'income'],
    strategy,
    epsilon: 8,
    delta: 1e-4,
    recipe: { ...recipeOf('risk', strategy, 8, banks), rounds: 6 },
  });

  test.each([
    ['fedsgd', 1],
    ['fedsgd', 3],
    ['fedavg', 3],
    ['fedprox', 3],
  ] as const)('%s over %i banks: each ledger verifies, and ε is what it shows', async (strategy, banks) => {
    const request = requestOf(strategy, banks);
    const { federation, ledgers, model } = await runSimulation(request, engine);
    expect(ledgers).toHaveLength(banks);
    for (const entries of ledgers) {
      const checked = verifyLedger(entries.map((entry) => JSON.stringify({ type: 'entry', ...entry })));
      expect(checked.problems).toEqual([]);
      // The cap, then a reservation and a commitment for the histogram and for each round.
      expect(entries).toHaveLength(1 + 2 * (1 + federation.rounds));
      expect(entries.at(-1)!.spent.pld).toBeLessThanOrEqual(8);
      expect(federation.epsilon).toBeGreaterThanOrEqual(entries.at(-1)!.spent.pld);
    }
    expect(federation.epsilon).toBeGreaterThan(7.9);
    expect(federation.banks.reduce((sum, { users }) => sum + users, 0)).toBe(900);
    const figures = await engine.measure(request.dataset, model);
    expect(figures.auc).toBeGreaterThan(0.4);
  });

  test('banks, noise, ε and everything but the noise itself come again; the noise does not', async () => {
    const [first, second] = [
      await runSimulation(requestOf('fedsgd', 2), engine),
      await runSimulation(requestOf('fedsgd', 2), engine),
    ];
    expect({ ...second.federation, parameters: 0 }).toEqual({ ...first.federation, parameters: 0 });
    expect(second.model.weights).not.toEqual(first.model.weights);
  });
});
