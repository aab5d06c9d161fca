import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../support/app.ts';

/** Linux lets a program have file systems of its own; where nothing does, a disk cannot be filled for one test. */
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

// A local function has the whole machine's disk: the engine alone is given a small one.
test.skipIf(!canMount)(
  'F31 a shard that does not fit on the disk is a terminal error that names the limit',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'forebay-full-'));
    try {
      const shell = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"';
      const program = [
        process.execPath,
        '--import',
        'tsx',
        join(root, 'test/support/full-disk.ts'),
        directory,
      ];
      const printed = execFileSync('unshare', ['-rm', 'sh', '-c', shell, directory, ...program], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(JSON.parse(printed)).toEqual({
        name: 'DiskFull',
        persistence: 'terminal',
        message: expect.stringMatching(/^DiskFull: .*temporary storage/),
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
