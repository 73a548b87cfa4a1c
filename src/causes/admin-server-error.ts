import { answersReading, laterSuccessReading } from './assigning.ts';
import type { Cause } from './cause.ts';
import { letterReasonReading, opposes, supports } from './readings.ts';

export const adminServerError: Cause = {
  id: 'admin-server-error',
  title: 'auto-assign answers with a server error',
  explains: [{ stages: ['allocation'], roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: 'older',
  // Write-ups: "admin-service API failing", 70 %.
  prior: 0.7,
  evidence: [
    supports('server-error', 'assigning', 'decisive', (question) => answersReading(question, 500, 600)),
    supports('letters', 'records', 'moderate', (question) =>
      letterReasonReading(question, /\bstatus(?: code)? 5\d\d\b/i, 'a server error of admin-service'),
    ),
    opposes('later-success', 'assigning', 'decisive', laterSuccessReading),
  ],
  rival: 'admin-rejects-request',
  probe: 'read the status: 5xx is the service, 4xx the request',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'admin-service answers the call that assigns a trainer with 5xx. allocation-worker retries five times, writes a dead letter and starts over: a letter per 30 seconds, and the group is mostly Empty meanwhile. Repair admin-service; the blocked records retry themselves, so replay nothing.',
};
