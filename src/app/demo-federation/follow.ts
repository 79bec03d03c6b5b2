import { setTimeout as sleep } from 'node:timers/promises';
import { isOver } from '../../../federated/coordinator/round.js';
import { DEMO_BUDGET } from '../../demo/federation.js';
import type { Round, TrainingRun } from '../../federation/round.js';
import { localViewer } from '../composition.js';
import type { Logger } from '../log.js';
import type { Services } from '../services.js';
import type { DemoRun } from './prepare.js';

const EVERY_MS = 1000;

type Followed = Pick<Services, 'federation' | 'models' | 'privacy'>;

/**
 * Logs each round that ends from now on, and how the run ended.
 * @throws AbortError where the signal fires first
 */
export async function followRun(
  services: Followed,
  { run: { id, settings }, banks }: DemoRun,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { runs } = services.federation;
  const [{ id: institutionId }] = banks;
  for (let told: number | undefined; ; ) {
    try {
      const { status } = await runs.one(localViewer(), id);
      const over = (await runs.roundsOf(localViewer(), id)).filter(({ state }) => isOver(state));
      for (const round of over.slice(told ?? over.length)) {
        const epsilon = await spentBy(services, institutionId);
        log.info(
          { ...figuresOf(round), epsilon },
          `demo nodes: round ${round.number} of ${settings.rounds} ${endOf(round)}`,
        );
      }
      told = over.length;
      if (status !== 'running') return await logEnd(services, { id, status }, institutionId, log);
    } catch (error) {
      if (signal.aborted) throw error;
      log.debug({ err: error }, 'the run of the demo nodes cannot be read'); // as while PostgreSQL restarts: rounds wait, too
    }
    await sleep(EVERY_MS, undefined, { signal });
  }
}

function endOf({ plan, state }: Round): string {
  if (plan.strategy === 'histogram' && state.status === 'published') return 'has counted users';
  if (state.status === 'published')
    return state.reason === undefined ? 'serves now' : 'is not better yet than what serves';
  return 'reason' in state ? `is ${state.status}: ${state.reason}` : `is ${state.status}`;
}

const figuresOf = ({ metrics: { after, serving } }: Round) => ({
  ...(after !== undefined && { mrr: rounded(after) }),
  ...(serving !== undefined && { serving: rounded(serving) }),
});

const rounded = (value: number) => Math.round(value * 1000) / 1000;

/** ε that one of the institutions, which are all charged the same, has spent by its ledger. */
async function spentBy({ privacy }: Pick<Services, 'privacy'>, institutionId: string): Promise<number> {
  const { spent } = await privacy.ledger.budget(localViewer(), institutionId, DEMO_BUDGET.population);
  return rounded(spent.pld);
}

async function logEnd(
  services: Followed,
  { id, status }: Pick<TrainingRun, 'id' | 'status'>,
  institutionId: string,
  log: Logger,
): Promise<void> {
  const serving = await services.models.active(localViewer(), 'interest');
  const figures = { epsilon: await spentBy(services, institutionId), of: DEMO_BUDGET.epsilon };
  if (serving?.training.run === id)
    log.info(
      figures,
      `demo nodes: the run is ${status}; version ${serving.number}, which they trained together, serves recommendations`,
    );
  else log.warn(figures, `demo nodes: the run is ${status}; what served before still serves recommendations`);
}
