/** The DuckDB layer: built by `npm run build:layer`, only packed here. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Architecture = 'x86_64' | 'arm64';

const root = fileURLToPath(new URL('..', import.meta.url));

export const layerSource = join(root, 'layers', 'duckdb');
export const layerDirectory = (architecture: Architecture): string =>
  join(root, '.forebay', 'layers', architecture);

/** Throws where the layer was not built, with the command that builds it. */
export function builtLayer(architecture: Architecture): string {
  const directory = layerDirectory(architecture);
  if (!existsSync(join(directory, 'nodejs', 'node_modules'))) {
    throw new Error(
      `the DuckDB layer for ${architecture} is missing: run \`npm run build:layer -- ${architecture}\``,
    );
  }
  return directory;
}
