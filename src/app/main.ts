import { CommanderError } from 'commander';
import { reportFailure } from './output.js';
import { createProgram } from './program.js';

/**
 * Runs one command line and sets the exit code: 0 done, 1 failure or configuration, 2 usage, 130 cancelled.
 * @param argv as process.argv
 */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const program = await createProgram(argv[2]);
    await program.parseAsync(argv as string[]);
  } catch (error) {
    if (error instanceof CommanderError)
      process.exitCode = error.exitCode; // commander has said what is wrong
    else reportFailure(error, argv.includes('--json'));
  }
}
