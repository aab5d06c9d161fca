import { hmacSha256 } from './hmac.ts';

export const tokenPrefix = 'tok_';

/**
 * A token as SQL, for a VARCHAR in SQL: `tok_` and the first 28 characters of the HMAC-SHA-256 of the text's UTF-8
 * in base32hex (RFC 4648, section 7), in lower case and without padding. They are 140 bits: more than the half that
 * RFC 2104 (section 5) asks of a cut HMAC, and two of 2^50 values have the same token with a chance of 2^-41.
 */
export function token(text: string, key: Buffer): string {
  const hash = hmacSha256(`encode(${text})`, key);
  const groups = [
    // Of hex digits, four bits each, as many as fill both whole characters of five bits and a positive BIGINT.
    [1, 15],
    [16, 15],
    [31, 5],
  ].map(([from = 0, digits = 0]) => {
    const number = `CAST('0x' || substring(h, ${from}, ${digits}) AS BIGINT)`;
    return `to_base(${number}, 32, ${(digits * 4) / 5})`;
  });
  // A lambda gives the hash a name, so that it is computed once.
  return `list_transform([${hash}], lambda h: '${tokenPrefix}' || lower(${groups.join(' || ')}))[1]`;
}
