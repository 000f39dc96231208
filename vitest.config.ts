import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * `npm test` runs `unit` and `interop`, `npm run test:full` what takes longer, `npm run test:network` how viewers fare on links that are shaped (on a machine that does nothing else). What talks to other programs or looks at timing runs one
 * file at a time: on two cores, two at once would measure each other.
 */
const oneAtATime = { maxWorkers: 1, fileParallelism: false };

/** Commands that tests run as processes of their own start in half the time where Node keeps what it compiled. */
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));

const setupFiles = ['./test/support/patient-waits.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './scripts/summary-reporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/page/vite.config.ts'],
      reporter: ['text', 'html'],
      // Commands and page run in processes and browsers of their own, where nothing counts them.
      thresholds: { statements: 80, branches: 75, functions: 78, lines: 80 },
    },
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles,
          include: ['test/{unit,fuzz,scenario}/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...oneAtATime,
          name: 'interop',
          setupFiles,
          include: ['test/{interop,e2e}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...oneAtATime,
          name: 'network',
          setupFiles,
          include: ['test/network/**/*.test.ts'],
          testTimeout: 15 * 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...oneAtATime,
          name: 'full',
          setupFiles,
          include: ['test/full/**/*.test.ts'],
          testTimeout: 15 * 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
