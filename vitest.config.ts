import { defineConfig } from 'vitest/config';

/**
 * `npm test` runs `unit` and `interop`, `npm run test:full` what takes longer, `npm run bench` prints measurements. What talks to
 * other programs or looks at timing runs one file at a time: on two cores, two at once would measure each other.
 */
const oneAtATime = { maxWorkers: 1, fileParallelism: false };

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
          include: ['test/{unit,fuzz}/**/*.test.ts'],
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
          include: ['test/{interop,e2e}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...oneAtATime,
          name: 'full',
          include: ['test/full/**/*.test.ts'],
          testTimeout: 15 * 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...oneAtATime,
          name: 'bench',
          include: ['test/bench/**/*.test.ts'],
          testTimeout: 5 * 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
