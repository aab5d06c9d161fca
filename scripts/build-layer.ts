/**
 * Installs DuckDB from the layer's own lockfile for a function's architecture, whatever machine this is, into
 * `.forebay/layers/<architecture>/nodejs/node_modules`. Does nothing where that lockfile is installed already.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Architecture, layerDirectory, layerSource } from '../infra/layer.ts';

const cpus: Record<Architecture, string> = { x86_64: 'x64', arm64: 'arm64' };

const wanted = process.argv[2] ?? (process.arch === 'arm64' ? 'arm64' : 'x86_64');
if (!(wanted in cpus)) {
  console.error(`'${wanted}' is no architecture of Lambda: give x86_64 or arm64`);
  process.exit(64);
}
build(wanted as Architecture);

function build(architecture: Architecture): void {
  const target = layerDirectory(architecture);
  const stamp = join(target, 'lockfile.sha256');
  const digest = createHash('sha256')
    .update(readFileSync(join(layerSource, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) {
    console.log(`the DuckDB layer for ${architecture} is up to date`);
    return;
  }
  // Built beside its place and moved there whole, so that a synth never packs half a layer.
  const fresh = `${target}.${randomUUID()}`;
  const modules = join(fresh, 'nodejs');
  mkdirSync(modules, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(layerSource, file), join(modules, file));
  const platform = ['--os=linux', `--cpu=${cpus[architecture]}`, '--libc=glibc'];
  execFileSync('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', ...platform], {
    cwd: modules,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(join(modules, 'node_modules', '.package-lock.json'), { force: true });
  writeFileSync(join(fresh, 'lockfile.sha256'), digest);
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
  console.log(`built the DuckDB layer for ${architecture} in ${target}`);
}
