/**
 * The narrowest type that holds every text of a column, as docs/types.md has them. Only texts that are written as
 * their value would be count as numbers: `007`, `+31 6` and `1e400` stay text.
 */

/** What a text may be, a bit each. */
const BOOLEAN = 1;
const INTEGER = 2;
const DECIMAL = 4;
const DOUBLE = 8;
const DATE = 16;
const TIMESTAMP = 32;
const ANY = 63;

const boolean = /^(true|false)$/i;
const integer = /^-?(?:0|[1-9]\d*)$/;
const decimal = /^-?(0|[1-9]\d*)?\.(\d+)$/;
const float = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const day = /^(\d{4})-(\d\d)-(\d\d)/;
const time =
  /^.{10}[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?$/;

/** Whether a text is a number, a date, a timestamp or a boolean, as data are and names are not. */
export const isTyped = (text: string): boolean => kindsOf(text) !== 0;

function kindsOf(text: string): number {
  const first = text.charCodeAt(0);
  // a letter begins no number and no date
  if (!(first <= 57)) return boolean.test(text) ? BOOLEAN : 0;
  if (day.test(text)) return temporal(text);
  if (integer.test(text)) return INTEGER | DECIMAL | (isDouble(text) ? DOUBLE : 0);
  return (decimal.test(text) ? DECIMAL : 0) | (float.test(text) && isDouble(text) ? DOUBLE : 0);
}

/** A double keeps 15 digits whatever they are; what is not 0 must not become it. */
function isDouble(text: string): boolean {
  const [digits = ''] = text.replace(/^-/, '').toLowerCase().split('e');
  const significant = digits.replace('.', '').replace(/^0+/, '');
  const value = Number(text);
  return significant.length <= 15 && Number.isFinite(value) && (value !== 0 || significant === '');
}

function temporal(text: string): number {
  const [, year = '', month = '', date = ''] = day.exec(text) ?? [];
  const found = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const exists = found.getUTCMonth() + 1 === Number(month) && found.getUTCDate() === Number(date);
  if (!exists || year === '0000') return 0;
  if (text.length === 10) return DATE;
  // an offset would carry a text at either end of the calendar out of it
  const inside = year !== '9999' && year > '0001';
  return inside && time.test(text) ? TIMESTAMP : 0;
}

/** What is known of a column after some of its texts. */
export class ColumnTexts {
  values = 0;
  nulls = 0;
  #kinds = ANY;
  /** The most digits before the point, and behind it. */
  #whole = 0;
  #fraction = 0;
  #outside32 = false;
  #outside64 = false;

  add(text: string): void {
    this.values++;
    if (this.#kinds === 0) return;
    this.#kinds &= kindsOf(text);
    if ((this.#kinds & DECIMAL) !== 0) this.#measure(text);
  }

  addNull(): void {
    this.nulls++;
  }

  /** A type word without its `?`. */
  word(): string {
    const kinds = this.values === 0 ? 0 : this.#kinds;
    if ((kinds & BOOLEAN) !== 0) return 'boolean';
    if ((kinds & INTEGER) !== 0 && !this.#outside64) return this.#outside32 ? 'bigint' : 'int';
    const precision = Math.max(1, this.#whole + this.#fraction);
    if ((kinds & DECIMAL) !== 0 && precision <= 38) return `decimal(${precision},${this.#fraction})`;
    if ((kinds & DOUBLE) !== 0) return 'double';
    if ((kinds & DATE) !== 0) return 'date';
    return (kinds & TIMESTAMP) === 0 ? 'string' : 'timestamp';
  }

  #measure(text: string): void {
    const [whole = '', fraction = ''] = text.replace('-', '').split('.');
    this.#whole = Math.max(this.#whole, whole === '0' ? 0 : whole.length);
    this.#fraction = Math.max(this.#fraction, fraction.length);
    if (fraction !== '' || whole.length < 10) return;
    const value = BigInt(text);
    if (BigInt.asIntN(32, value) !== value) this.#outside32 = true;
    if (BigInt.asIntN(64, value) !== value) this.#outside64 = true;
  }
}
