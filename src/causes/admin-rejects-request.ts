import { answersReading, laterSuccessReading } from './assigning.ts';
import type { Cause } from './cause.ts';
import { letterReasonReading, opposes, supports } from './readings.ts';

export const adminRejectsRequest: Cause = {
  id: 'admin-rejects-request',
  title: 'auto-assign rejects the request',
  explains: [{ stages: ['allocation'], roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: 'older',
  prior: 0.7,
  evidence: [
    supports('rejected', 'assigning', 'decisive', (question) => answersReading(question, 400, 500)),
    supports('letters', 'records', 'moderate', (question) =>
      letterReasonReading(question, /\bstatus(?: code)? 4\d\d\b/i, 'a request that admin-service rejects'),
    ),
    opposes('accepted', 'assigning', 'decisive', laterSuccessReading),
  ],
  rival: 'admin-server-error',
  probe: 'read the status: 4xx is the request, 5xx the service',
  hurts: 'partition',
  repairs: ['quarantine-record', 'manual-instructions'],
  explain:
    'admin-service refuses what allocation-worker sends for this purchase, for instance for want of a date. The record fails for ever and blocks its partition until it is passed or the data is mended.',
};
