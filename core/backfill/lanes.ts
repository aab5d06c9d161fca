/** How the slices of a plan come to the children that work on them, and what their runs are called. */
import { executionName } from '../execution-name.ts';
import type { LineOfPlan } from './plan.ts';

/**
 * Slices of one child: its history has at most 56 events a slice, with every retry of every call, and AWS ends an
 * execution at 25,000.
 */
export const maxSlicesOfChild = 440;

/** What a child is given of a slice. */
export type Item = Pick<LineOfPlan, 'n' | 'slice' | 'action'>;

/**
 * A list for each child. As many children work at once as there are lanes, and each takes every so-manieth slice, so
 * that over all lanes the plan's order is kept. Where that is more than their histories hold, further children
 * follow with the rest.
 */
export function lanesOf(left: readonly Item[], lanes: number): Item[][] {
  const children: Item[][] = [];
  const together = lanes * maxSlicesOfChild;
  for (let from = 0; from < left.length; from += together) {
    const part = left.slice(from, from + together).map(({ n, slice, action }) => ({ n, slice, action }));
    const stripes = Array.from({ length: Math.min(lanes, part.length) }, (_, lane) =>
      part.filter((_item, i) => i % lanes === lane),
    );
    children.push(...stripes);
  }
  return children;
}

/** Of all runs of one slice of one backfill. */
export const runNames = (backfill: string, slice: string): string =>
  `${executionName('b', backfill, slice)}-`;

/** The same for each repeat, so that a start whose answer was lost is not repeated by another run. */
export const runName = (backfill: string, slice: string, attempt: number): string =>
  `${runNames(backfill, slice)}${attempt}`;
