import { Option } from 'commander';
import { CALIBRATIONS } from '../../engine/calibration/calibration.js';

/** Options that several commands have. */
export const calibrationOption = (): Option =>
  new Option(
    '--calibration <how>',
    'make the probabilities of risk come true, on users that the model has not learnt from (default: none)',
  ).choices(CALIBRATIONS);

export const settingsOption = (): Option =>
  new Option(
    '--settings <file>',
    'settings of the model: JSON, or a file of it, or what concord tune has printed or kept (default: chosen by validation users)',
  );
