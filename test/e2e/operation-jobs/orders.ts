/** The repository's own job, which the example of a consumer listens to. */
export { default } from '../../../jobs/orders.ts';
