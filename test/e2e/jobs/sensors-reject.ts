import { sensors } from './shared/sensors.ts';

export default sensors('reject');
