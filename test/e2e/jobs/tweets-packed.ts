import { defineJob } from 'forebay/core/job';
import tweets from './tweets.ts';

/** The same tweets as they come from others: a day for each way to pack them. */
export default defineJob({ ...tweets.spec, name: 'tweets-packed', cadence: 'daily' });
