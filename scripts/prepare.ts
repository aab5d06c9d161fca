/** Before the tests: what they need of the machine, told in one line where it is missing. */
import { requireOpenssl } from '../cli/local/checks.ts';
import { homeFrom } from '../cli/local/home.ts';
import { ensureVenv } from '../cli/local/venv.ts';

try {
  await requireOpenssl(process.env);
  await ensureVenv(homeFrom(process.env).venv, process.env, (text) => console.log(text));
} catch (error) {
  console.error(`test: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
