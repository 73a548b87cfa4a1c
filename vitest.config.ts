import { defineConfig } from 'vitest/config';

const shared = { expect: { requireAssertions: true }, globals: false, environment: 'node' as const };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['test/**/*.test.ts'],
          exclude: ['test/live/**', 'test/e2e/**', 'test/contract/**', 'test/long/**'],
        },
      },
      {
        test: {
          ...shared,
          name: 'contract',
          sequence: { groupOrder: 1 },
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          sequence: { groupOrder: 2 },
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'live',
          sequence: { groupOrder: 3 },
          include: ['test/live/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // Each file has a lab of its own and mostly waits for ages and polls: two side by side halve the time.
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...shared,
          name: 'long',
          sequence: { groupOrder: 4 },
          include: ['test/long/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
