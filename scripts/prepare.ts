/** Before the tests: what they need of the machine, told in one line where it is missing. */
import { fileURLToPath } from 'node:url';
import { requireOpenssl } from '../cli/local/checks.ts';
import { homeFrom } from '../cli/local/home.ts';
import { addRequirements, ensureVenv } from '../cli/local/venv.ts';
import { bundleTasks } from '../infra/bundle.ts';

const linter = fileURLToPath(new URL('./cfn-lint-requirements.txt', import.meta.url));

try {
  await requireOpenssl(process.env);
  const { venv } = homeFrom(process.env);
  const say = (text: string) => console.log(text);
  await ensureVenv(venv, process.env, say);
  // Apart from the local cloud: it takes as long again, and only tests want it.
  await addRequirements(venv, linter, process.env, say);
  // Else every test that synthesizes or deploys begins with it, several at once.
  bundleTasks();
} catch (error) {
  console.error(`test: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
