/** The alarms that there are, by name: who makes them and who explains them have one list. */

/** Of each job. */
export const jobAlarms = [
  'RunFailed',
  'SlicesLate',
  'RejectsRising',
  'WriteDlqNotEmpty',
  /** Only where files or other jobs start it. */
  'TriggersDlqNotEmpty',
  'MachineThrottled',
] as const;
export type JobAlarm = (typeof jobAlarms)[number];

/** Of what all jobs share. */
export const sharedAlarms = [
  'JobDlqNotEmpty',
  'DeliveryDlqNotEmpty',
  'SweepErrors',
  'WatchErrors',
  'FunctionsThrottled',
  /** Once for each table and way, with both behind its name. */
  'LedgerThrottled',
] as const;
export type SharedAlarm = (typeof sharedAlarms)[number];

/** Stable, so that whoever is told of an alarm, or draws it, can name it. `part`: which of several. */
export const alarmName = (
  stage: string,
  name: JobAlarm | SharedAlarm,
  { job, part }: { job?: string | undefined; part?: string | undefined },
): string => ['forebay', stage, job, name, part].filter((each) => each !== undefined).join('-');
