import { createDatabase } from '../database/data-source.js';
import type { Database } from '../database/database.js';
import { startEmbedded } from '../database/embedded.js';
import { migrate } from '../database/migrate.js';
import { createEngine } from '../engine/create-engine.js';
import type { Engine, ScoringService } from '../engine/engine.js';
import { SCOPES, type Viewer } from '../graphql/viewer.js';
import type { RaisedAlert } from '../oversight/report.js';
import type { BudgetLevel } from '../privacy/alert.js';
import type { Config } from './config.js';
import { prepareDataFolder } from './data-folder.js';
import { entities } from './entities.js';
import { openLedgerKey } from './ledger-key.js';
import { createResources, type Resources } from './resources.js';
import { createServices, type Services } from './services.js';

export interface OpenOptions {
  /** `serve`: no second server on the same embedded database. Commands work beside it. */
  readonly exclusive?: boolean;
  /** What is being done, for whoever waits. */
  readonly onStep?: (step: string) => void;
  /** Something went wrong that no caller is told of: a broken idle connection, a PostgreSQL that had to be restarted. */
  readonly onError?: (error: Error) => void;
}

export interface OpenDatabase {
  readonly database: Database;
  /** The embedded PostgreSQL's folder, where it is that one. */
  readonly folder: string | undefined;
  /** Migrations that this call has applied. */
  readonly migrated: readonly string[];
}

/**
 * Opens the database that is configured, or the embedded one, and migrates it.
 * @param resources close it
 * @throws {ConcordError} CONFIGURATION or UNAVAILABLE, in one sentence
 */
export async function openDatabase(
  config: Config,
  resources: Resources,
  options: OpenOptions = {},
): Promise<OpenDatabase> {
  const { exclusive, onStep, onError } = options;
  await prepareDataFolder(config.dataDir);
  let ownerUrl = config.database.url;
  let folder: string | undefined;
  if (!ownerUrl) {
    onStep?.('starting PostgreSQL');
    const embedded = resources.add(await startEmbedded({ dataDir: config.dataDir, exclusive, onError }), (it) =>
      it.stop(),
    );
    ({ ownerUrl, folder } = embedded);
  }
  onStep?.('migrating the database');
  const { appUrl, applied } = await migrate(ownerUrl, config.database.appUrl);
  onStep?.('connecting to the database');
  const database = await createDatabase({ url: appUrl, entities, poolSize: config.database.poolSize, onError });
  resources.add(database, (it) => it.close());
  return { database, folder, migrated: applied };
}

export interface Runtime extends OpenDatabase {
  readonly engine: Engine;
  readonly services: Services;
  close(): Promise<void>;
}

/**
 * Everything but the HTTP server: what `serve` serves, and what commands such as train and import work with.
 * @param options `measured` wraps the scoring service, for metrics; `onBudgetLevel` is told how near its cap a privacy budget is,
 *   `onOversight` when fairness or drift of a model has become graver
 * @throws {ConcordError} CONFIGURATION or UNAVAILABLE; nothing is left open then
 */
export async function createRuntime(
  config: Config,
  options: OpenOptions & {
    readonly measured?: (scoring: ScoringService) => ScoringService;
    readonly onBudgetLevel?: (level: BudgetLevel) => void;
    readonly onOversight?: (alert: RaisedAlert) => void;
  } = {},
): Promise<Runtime> {
  const resources = createResources();
  try {
    const opened = await openDatabase(config, resources, options);
    const engine = resources.add(createEngine({ backend: config.backend ?? 'auto' }), (it) => it.close());
    const scoring = options.measured?.(engine.scoring) ?? engine.scoring;
    const services = createServices({
      database: opened.database,
      engine,
      scoring,
      ledgerKey: await openLedgerKey(config.dataDir),
      onBudgetLevel: options.onBudgetLevel,
      onOversight: options.onOversight,
      onError: options.onError,
      riskThresholds: config.risk,
    });
    resources.add(services.privacy, (it) => it.close());
    return { ...opened, engine, services, close: () => resources.close() };
  } catch (error) {
    await resources.close();
    throw error;
  }
}

/** Who is at the command line of the machine that has the data: an operator, acting for an institution where one is named. */
export const localViewer = (institutionId?: string): Viewer => ({
  subject: 'command line',
  client: 'operator',
  scopes: new Set(SCOPES),
  ...(institutionId && { institutionId }),
});
