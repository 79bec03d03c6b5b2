/**
 * Starts a worker thread from TypeScript sources: in development and tests only, the build starts compiled files.
 * (Node 20 does not pass `--import tsx` on to worker threads.) Its argument is the address of the file to run.
 */
import { register } from 'tsx/esm/api';

register();
await import(process.argv[2]);
