/** Metrics as lines of the log, in CloudWatch's embedded metric format: no call, no right, nothing to wait for. */
import { Metrics } from '@aws-lambda-powertools/metrics';
import {
  type Measures,
  type MetricName,
  metricDimensions,
  metricNamespace,
  metricUnits,
} from '../core/metrics.ts';

/** `about` stands in the line beside the metrics, and is no dimension. */
export type Measure = (job: string, measures: Measures, about?: { runId: string; slice: string }) => void;

export function measureIn(stage: string): Measure {
  const metrics = new Metrics({ namespace: metricNamespace });
  // `service`, which would have to be named by whoever asks for a metric.
  metrics.clearDefaultDimensions();
  return (job, measures, about) => {
    for (const [name, value] of Object.entries(metricDimensions(stage, job)))
      metrics.addDimension(name, value);
    for (const [name, value] of Object.entries(measures))
      metrics.addMetric(name, metricUnits[name as MetricName], value);
    for (const [name, value] of Object.entries(about ?? {})) metrics.addMetadata(name, value);
    metrics.publishStoredMetrics();
  };
}
