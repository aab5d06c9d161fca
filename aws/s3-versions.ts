/** Objects with all that S3 keeps of them, and their end. */
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { ForebayError } from '../core/errors.ts';
import { translate } from './errors.ts';
import type { ObjectVersion } from './object-versions.ts';

/** S3's limit for one call. */
const perCall = 1_000;

export async function listVersions(
  client: S3Client,
  bucket: string,
  prefix: string,
): Promise<ObjectVersion[]> {
  const found: ObjectVersion[] = [];
  let from: Pick<ListObjectVersionsCommandInput, 'KeyMarker' | 'VersionIdMarker'> | null = {};
  while (from !== null) {
    const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
      ...{ Bucket: bucket, Prefix: prefix, EncodingType: 'url', ...from },
    });
    const page = await client.send(command).catch(translate);
    for (const { Key = '', VersionId = 'null', Size = 0 } of page.Versions ?? [])
      found.push({ key: keyIn(page, Key), versionId: VersionId, bytes: Size });
    for (const { Key = '', VersionId = 'null' } of page.DeleteMarkers ?? [])
      found.push({ key: keyIn(page, Key), versionId: VersionId, bytes: 0 });
    from = page.IsTruncated ? nextOf(page) : null;
  }
  return found;
}

const nextOf = (page: ListObjectVersionsCommandOutput) => ({
  KeyMarker: keyIn(page, page.NextKeyMarker ?? ''),
  ...(page.NextVersionIdMarker === undefined ? {} : { VersionIdMarker: page.NextVersionIdMarker }),
});

/** Keys, markers among them, are encoded as the answer says: not every store does as it is asked. */
const keyIn = ({ EncodingType }: ListObjectVersionsCommandOutput, key: string): string =>
  EncodingType === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;

/** Not in XML 1.0, or not left as it is by its readers: such a key goes by the address of a call of its own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const notInXml = /[\u0000-\u001f\u007f\ufffe\uffff]/;

export async function deleteVersions(
  client: S3Client,
  bucket: string,
  versions: readonly ObjectVersion[],
): Promise<void> {
  const refused: string[] = [];
  for (const { key, versionId } of versions.filter(({ key }) => notInXml.test(key))) {
    const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
    await client.send(command).catch(translate);
  }
  const plain = versions.filter(({ key }) => !notInXml.test(key));
  for (let from = 0; from < plain.length; from += perCall) {
    const Objects = plain.slice(from, from + perCall).map(({ key, versionId }) => ({
      ...{ Key: key, VersionId: versionId },
    }));
    const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await client.send(command).catch(translate);
    // The call itself answers 200, whatever became of its items.
    refused.push(...Errors.map(({ Code = 'unknown' }) => Code).filter((code) => code !== 'NoSuchVersion'));
  }
  if (refused.length > 0) throw refusal(bucket, versions.length, refused);
}

function refusal(bucket: string, asked: number, refused: readonly string[]): ForebayError {
  const what = `S3 refused to delete ${refused.length} of ${asked} versions in ${bucket}`;
  const codes = [...new Set(refused)].sort().join(', ');
  return new ForebayError('ServiceUnavailable', `${what} (${codes}); the others are deleted, do it again`);
}
