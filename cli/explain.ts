import { ForebayError } from '../core/errors.ts';
import { Problem } from './problem.ts';

const network = /ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|UNABLE_TO_VERIFY|SELF_SIGNED|CERT_/;

/** One line that says what is wrong and what to do, whatever was thrown. */
export function explain(error: unknown): string {
  if (error instanceof Problem || error instanceof ForebayError) return withCause(error);
  if (!(error instanceof Error)) return String(error);
  if (/Credentials|ExpiredToken|UnrecognizedClient|InvalidClientTokenId/.test(error.name)) {
    return `AWS does not know who you are (${error.name}): start the local cloud by \`forebay local up\`, or set AWS_PROFILE`;
  }
  if (/Region is missing/.test(error.message)) {
    return 'no region is set: start the local cloud by `forebay local up`, or set AWS_REGION';
  }
  return `${error.name}: ${error.message}`;
}

function withCause(error: Error): string {
  const { cause } = error;
  const code =
    cause instanceof Error ? `${(cause as NodeJS.ErrnoException).code ?? ''} ${cause.message}` : '';
  if (!network.test(code)) return error.message;
  const endpoint = process.env.AWS_ENDPOINT_URL ?? 'AWS';
  return `${endpoint} does not answer: \`forebay local status\` says whether the local cloud runs, \`forebay local up\` starts it`;
}
