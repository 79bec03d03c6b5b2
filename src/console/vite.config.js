import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** GraphiQL as files that the server serves under /graphiql/, offline and under a strict content security policy. */
export default defineConfig({
  root: here('.'),
  base: '/graphiql/',
  plugins: [react()],
  logLevel: 'warn',
  build: {
    outDir: here('../../dist/console'),
    emptyOutDir: true,
    chunkSizeWarningLimit: 8192, // the editor is what it is
    assetsInlineLimit: 0,
    rolldownOptions: {
      // GraphiQL marks files for React's compiler, which does not run here.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
});
