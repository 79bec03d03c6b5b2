import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Descriptor } from '../../database/import/descriptor.js';
import { type ImportReport, importData } from '../../database/import/import-data.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { refreshStatistics } from '../../database/statistics.js';
import { badInput } from '../../errors.js';
import { INSTITUTION_KINDS, type InstitutionKind } from '../../institutions/institution.js';
import { InstitutionsService } from '../../institutions/institutions.service.js';
import { priceRules } from '../../products/price-rules.js';
import { ProductsService } from '../../products/products.service.js';
import { ProfilesService } from '../../profiles/profiles.service.js';
import { localViewer, openDatabase } from '../composition.js';
import { type Config, readConfig } from '../config.js';
import { createOutput, type Output, table } from '../output.js';
import { createResources } from '../resources.js';

interface Options {
  descriptor: string;
  data?: string;
  institution: string;
  createInstitution?: string;
  kind: InstitutionKind;
  country: string;
  currency: string;
  dryRun?: boolean;
  rejects?: string;
  json?: boolean;
}

/** `concord import`: a bank's files, by a descriptor, into the database; beside a running server or without one. */
export function importCommand(): Command {
  const command = new Command('import')
    .description("Import a bank's files by a descriptor (docs/import.md). Importing twice changes nothing.")
    .requiredOption('--descriptor <file>', 'what the files mean')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .requiredOption('--institution <code>', 'whose data they are')
    .option('--create-institution <name>', 'make the institution where there is none of that code')
    .addOption(new Option('--kind <kind>', 'of the new institution').choices(INSTITUTION_KINDS).default('bank'))
    .option('--country <code>', 'of the new institution, ISO 3166', letters(2), 'DE')
    .option('--currency <code>', 'of the new institution, ISO 4217', letters(3), 'EUR')
    .option('--dry-run', 'read, check and count everything, and write nothing')
    .option('--rejects <file>', "where rejected rows go (default: rejects/ in Concord's data folder)")
    .option('--json', 'one JSON object on stdout');
  return command.action((options: Options) => {
    if (options.dryRun && options.createInstitution) {
      command.error('error: --dry-run writes nothing, so it cannot create an institution');
    }
    return run(options);
  });
}

async function run(options: Options): Promise<void> {
  const output = createOutput(options);
  const config = readConfig();
  const descriptor = await readDescriptor(options.descriptor);
  const resources = createResources();
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const { database } = await openDatabase(config, resources, { onStep: (step) => output.progress(step, 0) });
    const institutions = new InstitutionsService({ database });
    const institutionId = await institutionOf(institutions, options);
    const { report, staleUserIds } = await importData(
      database,
      institutionId,
      descriptor,
      options.data ?? dirname(options.descriptor),
      {
        dryRun: options.dryRun,
        priceRules,
        rejectsPath: options.rejects ?? defaultRejects(config, options, descriptor),
        signal: stop.signal,
        onProgress: (stage, fraction) => output.progress(stage, fraction),
      },
    );
    if (!options.dryRun) await refreshStatistics(database);
    let profiles = 0;
    if (!options.dryRun && staleUserIds.length > 0) {
      const service = new ProfilesService({ database, products: new ProductsService({ database }) });
      const rebuilt = await service.rebuild(localViewer(institutionId), {
        userIds: staleUserIds,
        signal: stop.signal,
        onProgress: ({ users }) => output.progress('rebuilding profiles', users / staleUserIds.length),
      });
      profiles = rebuilt.users;
      await refreshStatistics(database);
    }
    output.progress('done', 1);
    show(output, options.institution, report, profiles);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await resources.close();
  }
}

async function institutionOf(institutions: InstitutionsService, options: Options): Promise<string> {
  const { institution: code, createInstitution: name, kind, country, currency } = options;
  const id = await institutions.idOf(code);
  if (id) return id;
  if (!name) throw badInput(`There is no institution "${code}": --create-institution <name> makes it.`);
  return (await institutions.create(localViewer(), { code, name, kind, country, currency })).id;
}

const defaultRejects = ({ dataDir }: Config, { institution }: Options, { name }: Descriptor) =>
  join(dataDir, 'rejects', `${institution}-${name}.csv`);

function show(output: Output, institution: string, report: ImportReport, profiles: number): void {
  const { rejectsFile, ...rest } = report;
  output.result({ ...rest, institution, profiles, rejectsFile: rejectsFile ?? null }, () => {
    const rows = report.tables.map(({ reasons: _, ...figures }) => figures);
    const changes = Object.entries(report.changes).map(([of, { created, updated, unchanged, ended }]) => ({
      in: of,
      created,
      updated,
      unchanged,
      ended: ended ?? null,
    }));
    const actions = report.columns.flatMap(({ column, actions }) =>
      Object.entries(actions).map(([action, count]) => ({ column, action, count })),
    );
    const reasons = report.tables.flatMap(({ file, reasons }) =>
      Object.entries(reasons).map(([reason, count]) => ({ file, 'rejected because': reason, count })),
    );
    const done = report.dryRun ? 'Checked (dry run, nothing was written)' : 'Imported';
    const parts = [
      `${done} ${report.descriptor} for ${institution} in ${report.seconds.toFixed(1)} s.`,
      table(rows),
      table(changes),
      table(actions),
      table(reasons),
      report.notes.join('\n'),
      rejectsFile ? `Rejected rows are in ${rejectsFile}.` : '',
      profiles > 0 ? `Profiles rebuilt: ${profiles}.` : '',
    ];
    return parts.filter((part) => part !== '').join('\n\n');
  });
}

function letters(count: number): (text: string) => string {
  return (text) => {
    if (new RegExp(`^[A-Za-z]{${count}}$`).test(text)) return text.toUpperCase();
    throw new InvalidArgumentError(`${count} letters are expected.`);
  };
}
