import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes minutes begins first, so that a core is not left alone with it at the end. */
const longest = [
  'test/e2e/scale.',
  'test/e2e/faults.',
  'test/e2e/pipeline.',
  'test/e2e/',
  'test/unit/protocol/',
  'test/infra/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((part) => moduleId.includes(part));
      return found === -1 ? longest.length : found;
    };
    return [...(await super.sort(files))].sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'deployed',
          include: ['test/e2e/**/*.test.ts'],
          // What takes seconds on an idle machine, with functions that are cold and three clouds on two cores.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'in-process',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          // A worker loads a module once for all its files: half of their time was the loading.
          isolate: false,
        },
      },
    ],
    testTimeout: 30_000,
    // One more than a small machine has cores: who waits for a cloud leaves its core to another.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // The SDK reminds of its next Node at each start; package.json says which ones are supported here.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    reporters: ['default', 'json'],
    outputFile: { json: '.forebay/test-report.json' },
  },
});
