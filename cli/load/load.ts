/** `forebay load`: files into the inbox, a run, and the proof that what was put is what is published. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ObjectStore } from '../../aws/interfaces.ts';
import type { RunRecord, SliceRecord } from '../../core/ledger.ts';
import type { RunRequest } from '../../tasks/open-run/contract.ts';
import { digestFile, partBytesFor } from './checksum.ts';
import type { LoadPlan, PlannedFile } from './plan.ts';

export interface LoadDeps {
  head: ObjectStore['head'];
  putStream: ObjectStore['putStream'];
  /** Starts an execution and follows its run, or the one that takes its place, to the end. */
  runToEnd(job: string, request: RunRequest): Promise<RunRecord>;
  getSlice(job: string, slice: string): Promise<SliceRecord | null>;
  /** The source objects that a committed run loaded, from its manifest. */
  loadedBy(job: string, runId: string): Promise<LoadedSource[]>;
  progress(text: string): void;
}

export interface LoadedSource {
  key: string;
  versionId: string | null;
  etag: string;
  /** Hex, of the raw object. */
  sha256: string;
}

export interface PutFile extends PlannedFile {
  /** `unchanged`: the inbox held the same bytes already. */
  action: 'put' | 'unchanged';
  bytes: number;
  sha256: string;
  etag: string;
  versionId: string | null;
}

export interface LoadResult {
  run: RunRecord;
  committed: { runId: string; revision: number } | null;
  files: Array<PutFile & { loaded: boolean }>;
  /** Whether the slice's committed run holds every one of the files. */
  loaded: boolean;
}

export async function load(
  deps: LoadDeps,
  request: { job: string; inbox: string; plan: LoadPlan; force: boolean },
): Promise<LoadResult> {
  const { job, inbox, plan, force } = request;
  const put: PutFile[] = [];
  for (const file of plan.files) put.push(await putFile(deps, inbox, file));
  const run = await deps.runToEnd(job, { trigger: 'manual', slice: plan.slice, ...(force ? { force } : {}) });
  const committed = (await deps.getSlice(job, plan.slice))?.committed ?? null;
  const published = committed === null ? [] : await deps.loadedBy(job, committed.runId);
  const files = put.map((file) => ({ ...file, loaded: published.some((source) => isSame(source, file)) }));
  return {
    run,
    committed: committed === null ? null : { runId: committed.runId, revision: committed.revision },
    files,
    loaded: files.every((file) => file.loaded),
  };
}

async function putFile(deps: LoadDeps, bucket: string, file: PlannedFile): Promise<PutFile> {
  const { size } = await stat(file.path);
  const partBytes = partBytesFor(size);
  const { bytes, sha256, checksum } = await digestFile(file.path, partBytes);
  const ref = { bucket, key: file.key };
  const there = await deps.head(ref);
  if (there?.checksumSha256 === checksum && there.bytes === bytes) {
    const { etag, versionId } = there;
    return { ...file, action: 'unchanged', bytes, sha256, etag, versionId };
  }
  deps.progress(`putting ${file.path} (${bytes} bytes)`);
  const { versionId } = await deps.putStream(ref, createReadStream(file.path), {
    partBytes,
    ifNoneMatch: false,
  });
  const stored = await deps.head(ref, { versionId });
  return { ...file, action: 'put', bytes, sha256, etag: stored?.etag ?? '', versionId };
}

/** The same object of the inbox, and the same bytes in the raw zone. */
function isSame(source: LoadedSource, file: PutFile): boolean {
  const sameVersion =
    source.versionId === null || file.versionId === null || source.versionId === file.versionId;
  return source.key === file.key && source.etag === file.etag && sameVersion && source.sha256 === file.sha256;
}
