import { connectivityProblem } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import {
  definitionOf,
  memberReading,
  noMemberReading,
  opposes,
  reading,
  supports,
  unseenReading,
  workerReading,
} from './readings.ts';

/** A loopback address inside a container is the container itself. */
const LOOPBACK = /(^|,)\s*(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?):/;

export const workerCannotReachKafka: Cause = {
  id: 'worker-cannot-reach-kafka',
  title: 'The worker cannot reach the broker',
  explains: [{ stages: 'any', roles: ['read', 'out'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  // Write-ups: listed, no figure.
  prior: 0.3,
  evidence: [
    supports('connectivity-line', 'logs', 'decisive', (question) => {
      const { worker } = definitionOf(question);
      const problem = connectivityProblem(question.state, worker);
      if (problem === 'unseen') return unseenReading(`logs ${worker}`);
      if (problem === null) return reading(false, 'nothing in its log names a connection', `logs ${worker}`);
      return reading(!problem.joinedSince, problem.line.message, `logs ${worker}`);
    }),
    supports('loopback', 'containers', 'strong', (question) =>
      workerReading(
        question,
        ({ brokerList, networkMode }) => ({
          holds: brokerList !== null && LOOPBACK.test(brokerList) && networkMode !== 'host',
          text: `its broker list is ${brokerList ?? 'not set'}`,
        }),
        { holds: false, text: '' },
      ),
    ),
    supports('no-member', 'groups', 'moderate', noMemberReading),
    opposes('member', 'groups', 'decisive', memberReading),
  ],
  rival: 'kafka-down',
  probe: 'does one worker fail, or all of them?',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'The broker answers, and this worker does not get through to it: a wrong broker list (localhost inside a container is the container), a wrong network, a cut. Correct the address or the network and recreate the container; its records wait.',
};
