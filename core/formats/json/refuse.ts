import { ForebayError } from '../../errors.ts';

export const documentInvalid = (at: number, what: string): ForebayError =>
  new ForebayError('DocumentInvalid', `at byte ${at} ${what}; put the file right: nothing of it is read`);

export const pathMissing = (path: string, what: string): ForebayError =>
  new ForebayError('PathMissing', `${path} ${what}; put the file right, or the path in the job's format`);
