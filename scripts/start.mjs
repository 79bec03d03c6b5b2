// npm start: build, then serve in this very process, so that a signal to it reaches the server.
await import('./build.mjs');
process.argv.splice(1, Infinity, 'concord', 'serve', ...process.argv.slice(2));
await import('../dist/src/app/bin.js');
