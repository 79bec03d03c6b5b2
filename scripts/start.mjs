// npm start: build, then serve in this very process. A terminal's Ctrl-C reaches it; a signal sent to npm alone ends only the shell
// between, and leaves this process an orphan: that is its signal.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 500).unref();

await import('./build.mjs');
process.argv.splice(1, Infinity, 'concord', 'serve', ...process.argv.slice(2));
await import('../dist/src/app/bin.js');
