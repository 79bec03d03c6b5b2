import { Command } from 'commander';
import { schemaCommand } from './commands/schema.js';
import { serveCommand } from './commands/serve.js';
import { tokenCommand } from './commands/token.js';
import { EXIT } from './output.js';
import { VERSION } from './version.js';

const COMMANDS = [serveCommand, schemaCommand, tokenCommand];

/** The command line `concord`. Each command is a file of its own in commands/. */
export function createProgram(): Command {
  const program = new Command('concord')
    .description('Product recommendations, risk and profiles over GraphQL, for a consortium of banks.')
    .version(VERSION)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : Object.assign(error, { exitCode: EXIT.usage });
    });
  for (const make of COMMANDS) program.addCommand(make().copyInheritedSettings(program));
  return program;
}
