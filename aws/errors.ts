/** One place that turns what AWS answers into our named errors. What it does not know passes as it is. */
import { ForebayError } from '../core/errors.ts';

const throttling =
  /^(Throttl\w*|TooManyRequests\w*|ProvisionedThroughputExceeded\w*|RequestLimitExceeded|SlowDown|LimitExceededException|BandwidthLimitExceeded)$/;
const network =
  /^(TimeoutError|RequestTimeout\w*|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|NetworkingError)$/;

interface AwsError extends Error {
  code?: string;
  $metadata?: { httpStatusCode?: number };
  $fault?: string;
}

/** Rethrows: throttling as `Throttled`, trouble of the service or the network as `ServiceUnavailable`. */
export function translate(caught: unknown): never {
  const error = caught as AwsError;
  const status = error.$metadata?.httpStatusCode ?? 0;
  if (throttling.test(error.name) || status === 429) {
    throw new ForebayError('Throttled', `${error.name} from AWS, to the last attempt`, { cause: error });
  }
  if (status >= 500 || network.test(error.name) || network.test(error.code ?? '')) {
    throw new ForebayError(
      'ServiceUnavailable',
      `${error.code ?? error.name} from AWS, to the last attempt`,
      {
        cause: error,
      },
    );
  }
  throw error;
}

export const isNamed = (error: unknown, ...names: string[]): boolean =>
  names.includes((error as Error)?.name);

export const httpStatus = (error: unknown): number | undefined =>
  (error as AwsError)?.$metadata?.httpStatusCode;
