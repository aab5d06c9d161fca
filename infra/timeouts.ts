/** Times that depend on each other, in one place. */
import { Duration } from 'aws-cdk-lib';

export const catalogTimeout = Duration.minutes(5);

export const writerTimeout = Duration.seconds(60);
/** AWS asks for six times the function's timeout at least, so that throttled deliveries do not burn receives. */
export const visibility = Duration.seconds(6 * writerTimeout.toSeconds());
export const maxReceives = 5;
/** What a message may wait for its turn when thousands of shards are dispatched at once. */
const margin = Duration.hours(1);
/** Behind this, no message is coming back: it is in the DLQ, or gone. */
export const dispatchTimeout = Duration.seconds(maxReceives * visibility.toSeconds() + margin.toSeconds());
