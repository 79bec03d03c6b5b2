import { Command } from 'commander';
import { EXIT } from './output.js';
import { VERSION } from './version.js';

/** Each command is a file of its own, read when it is needed: `concord token` has no use for a database or a model. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./commands/serve.js')).serveCommand(),
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand(),
  import: async () => (await import('./commands/import.js')).importCommand(),
  profiles: async () => (await import('./commands/profiles.js')).profilesCommand(),
  train: async () => (await import('./commands/train.js')).trainCommand(),
  evaluate: async () => (await import('./commands/evaluate.js')).evaluateCommand(),
  fairness: async () => (await import('./commands/fairness.js')).fairnessCommand(),
  drift: async () => (await import('./commands/drift.js')).driftCommand(),
  'model-card': async () => (await import('./commands/model-card.js')).modelCardCommand(),
  scorecard: async () => (await import('./commands/scorecard.js')).scorecardCommand(),
  explain: async () => (await import('./commands/explain.js')).explainCommand(),
  compare: async () => (await import('./commands/compare.js')).compareCommand(),
  tune: async () => (await import('./commands/tune.js')).tuneCommand(),
  token: async () => (await import('./commands/token.js')).tokenCommand(),
  schema: async () => (await import('./commands/schema.js')).schemaCommand(),
  privacy: async () => (await import('./commands/privacy.js')).privacyCommand(),
  node: async () => (await import('./commands/node.js')).nodeCommand(),
  federation: async () => (await import('./commands/federation.js')).federationCommand(),
  ledger: async () => (await import('./commands/ledger.js')).ledgerCommand(),
};

/**
 * The command line `concord`.
 * @param name of the command that is asked for, where it is known already; else all commands are there
 */
export async function createProgram(name?: string): Promise<Command> {
  const program = new Command('concord')
    .description('Product recommendations, risk and profiles over GraphQL, for a consortium of banks.')
    .version(VERSION)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : Object.assign(error, { exitCode: EXIT.usage });
    });
  const wanted = name !== undefined && Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]] : Object.values(COMMANDS);
  for (const load of wanted) {
    const command = (await load()).copyInheritedSettings(program);
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(command);
    program.addCommand(command);
  }
  return program;
}
