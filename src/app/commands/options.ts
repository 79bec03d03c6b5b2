import { Option } from 'commander';
import { CALIBRATIONS } from '../../engine/calibration/calibration.js';

/** Options that several commands have. */
export const calibrationOption = (): Option =>
  new Option(
    '--calibration <how>',
    'make the probabilities of risk come true, on users that the model has not learnt from (default: none)',
  ).choices(CALIBRATIONS);
