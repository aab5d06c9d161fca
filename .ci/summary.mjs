// Prints `N passed, N failed` from vitest's JSON report, and exits as the test command did.
import { existsSync, readFileSync } from 'node:fs';

const [report, status] = process.argv.slice(2);
if (!existsSync(report)) {
  console.error(`the test command ended with ${status} before it wrote ${report}`);
  process.exit(Number(status) || 1);
}
const { numPassedTests, numFailedTests, numPendingTests, numTotalTestSuites, numPassedTestSuites, success } =
  JSON.parse(readFileSync(report, 'utf8'));
// A suite that fails to load has no tests to count: it is a failure all the same.
const broken = success || numFailedTests > 0 ? 0 : Math.max(1, numTotalTestSuites - numPassedTestSuites);
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
console.log(`${numPassedTests} passed, ${numFailedTests + broken} failed${skipped}`);
process.exit(Number(status) || (success ? 0 : 1));
