import { Command } from 'commander';
import { EXIT } from './output.js';
import { VERSION } from './version.js';

/** The command line `concord`. Each command is a file of its own in commands/. */
export function createProgram(): Command {
  const program = new Command('concord')
    .description('Product recommendations, risk and profiles over GraphQL, for a consortium of banks.')
    .version(VERSION)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : Object.assign(error, { exitCode: EXIT.usage });
    });
  return program;
}
