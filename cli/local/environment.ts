/** `.forebay/env`: what a client of the local cloud needs in its environment. A shell can source it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const quote = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;
const unquote = (text: string): string =>
  text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1).replaceAll(`'\\''`, "'") : text;

export function writeEnvFile(file: string, values: Record<string, string>): void {
  const lines = Object.entries(values).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Empty where there is no such file. bin/forebay.mjs reads it by the same rule, before any TypeScript runs. */
export function readEnvFile(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const lines = readFileSync(file, 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const found = /^(?:export )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
      return found === null ? [] : [[found[1] ?? '', unquote(found[2] ?? '')] as const];
    }),
  );
}

/** The caller's environment without any other account's credentials, and with the local cloud's. */
export function localEnvironment(
  caller: NodeJS.ProcessEnv,
  values: Record<string, string>,
): NodeJS.ProcessEnv {
  const strays = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ROLE_ARN'];
  const kept = Object.entries(caller).filter(([name]) => !strays.includes(name));
  return { ...Object.fromEntries(kept), ...values, AWS_EC2_METADATA_DISABLED: 'true' };
}
