import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // A file that waits for a cloud leaves its core to another.
    maxWorkers: 2,
    // The SDK reminds of its next Node at each start; package.json says which ones are supported here.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    reporters: ['default', 'json'],
    outputFile: { json: '.forebay/test-report.json' },
  },
});
