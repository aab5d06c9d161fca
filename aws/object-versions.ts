/** The part of the object store's port that knows of versions, and of their end. */

/** One version of an object, or the marker that hides the older ones. */
export interface ObjectVersion {
  key: string;
  /** The text `null` of what was put while the bucket kept no versions, as S3 calls it. */
  versionId: string;
  /** 0 for a marker. */
  bytes: number;
}

export interface ObjectVersions {
  /** All versions under a prefix, delete markers among them. */
  listVersions(bucket: string, prefix: string): Promise<ObjectVersion[]>;
  /** For good. Those that are gone already count as deleted; throws where some are refused, with the others deleted. */
  deleteVersions(bucket: string, versions: readonly ObjectVersion[]): Promise<void>;
}
