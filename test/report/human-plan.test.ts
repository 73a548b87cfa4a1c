import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sealPlan } from '../../src/repair/fingerprint.ts';
import type { Plan, PlanDraft } from '../../src/repair/plan.ts';
import { humanPlan } from '../../src/report/human-plan.ts';
import { planDocument } from '../../src/report/json-plan.ts';
import { planSchema } from '../../src/report/schema.ts';
import {
  firstDeployment,
  markedBeforeVerified,
  markedNotSent,
  missingTopic,
  planOf,
  poisonRecord,
  stoppedWorker,
} from '../repair/support.ts';
import { PLAIN } from '../support/golden.ts';
import { healthyState } from '../support/states.ts';

const sealed = (draft: PlanDraft): Plan =>
  sealPlan(draft, (text) => createHash('sha256').update(text).digest('hex'));
/** The id is a hash of everything else: its letters are no part of the words. */
const shown = (draft: PlanDraft, view = PLAIN): string =>
  humanPlan({ ...sealed(draft), id: '7f3a91c2' }, view);

describe('a plan for people', () => {
  it('shows steps, what becomes of each payment, and the same by hand', () => {
    expect(shown(planOf(stoppedWorker(2)), { ...PLAIN, width: 100 })).toMatchInlineSnapshot(`
      "plan 7f3a91c2  3 steps · 1 container started · 2 payments move on · nothing lost, nothing read twice

        1  start container kodingcaravan-allocation-worker                  disruptive · reversible (stop)
           before  exited (0)
           after  running, member of trainer-allocation-workers within 60 s
           why it is safe  every partition has a committed offset inside its log:
                           trainer-allocation-workers goes on with 2 waiting records

        2  wait until allocation-worker has joined trainer-allocation-workers                   reads only
           then  Stable, with allocation-worker as member

        3  wait until trainer-allocation-workers has read purchase-created[0] @ 4,              reads only
           purchase-created[1] @ 4
           then  read, and each of 2 payments has an allocation

        what becomes of the payments
          aaaaaaaa-0000-4000-8000-000000000002  read for the first time
            purchase-created[0] @ 4: a trainer is assigned
          aaaaaaaa-0000-4000-8000-000000000001  read for the first time
            purchase-created[1] @ 4: a trainer is assigned

        by hand: docker start kodingcaravan-allocation-worker

        everything here can be taken back: --yes is enough to apply it
      "
    `);
  });

  it('says what cannot be taken back, and what --confirm must carry', () => {
    expect(shown(planOf(markedNotSent()), { ...PLAIN, width: 100 })).toMatchInlineSnapshot(`
      "plan 7f3a91c2  2 steps · 1 record sent · 1 payment moves on · nothing lost, nothing read twice

        1  send PURCHASE_CONFIRMED of payment                            disruptive · cannot be taken back
           aaaaaaaa-0000-4000-8000-000000000001
           before  purchase-confirmed[1] without a record that leads to its purchase
           after  one record with key aaaaaaaa-0000-4000-8000-000000000001 at the end of
                  purchase-confirmed[1]
           why it is safe  rebuilt from its rows with event id aaaaaaaa-0000-4000-8000-000000000001; its
                           effect is proved absent, and nothing of it waits unread

        2  wait until purchase-creation-workers has read purchase-confirmed[1] @ 4              reads only
           then  read, and the payment has a purchase

        what becomes of the payments
          aaaaaaaa-0000-4000-8000-000000000001  read for the first time
            purchase-confirmed[1]: PURCHASE_CONFIRMED is sent once more: rebuilt from its rows with event
            id aaaaaaaa-0000-4000-8000-000000000001

        ! records that were produced cannot be taken back; a second notification may go out

        by hand: kafka-console-producer --bootstrap-server $KAFKA_BROKERS --topic purchase-confirmed --property parse.key=true --property parse.headers=true   # with the record of this plan

        part of this cannot be taken back: applying it wants --confirm kodingcaravan:1
      "
    `);
  });

  it('tells a person what to do, with the evidence', () => {
    expect(shown(planOf(poisonRecord()))).toMatchInlineSnapshot(`
      "plan 7f3a91c2  1 thing for a person to do

        1  by hand: One record always fails and blocks its partition
           correct the handler of purchase-worker or the data that it fails on: the
           record then passes by itself; not in this version of kc-doctor:
           quarantine-record
           command  docker logs --tail 100 $(docker ps -aq --filter label=com.docker.compose.service=purchase-worker)
           must then pass  offsets/no-record-blocks, within 10 min
           + purchase-confirmed[1] 4 failed 3 times and blocks; the other partitions
             pass
      "
    `);
  });

  it('says that nothing is to be done', () => {
    expect(shown(planOf(healthyState()))).toBe('plan 7f3a91c2  nothing to do\n');
  });

  it('names what is refused, why, and what to do instead', () => {
    const text = shown(planOf(markedBeforeVerified()));
    expect(text).toContain('replay-payment (allocation) is refused');
    expect(text).toContain('aaaaaaaa-0000-4000-8000-000000000001');
    expect(text).toContain('→ the mark has to go first');
  });

  it('shortens a long list of payments, but never what they lose by', () => {
    const draft = planOf(stoppedWorker(15));
    expect(draft.previews).toHaveLength(15);
    expect(shown(draft)).toContain('and 5 more: --verbose');
    expect(shown(draft, { ...PLAIN, verbose: true })).not.toContain('--verbose');
    const passed = {
      ...draft,
      previews: draft.previews.map((one) => ({ ...one, effect: 'skipped' as const })),
    };
    expect(shown(passed).match(/passed unread/g)).toHaveLength(16);
  });

  it('keeps commands whole and the rest within the terminal, without a character that it cannot show', () => {
    for (const draft of [stoppedWorker(), firstDeployment(), missingTopic(), markedNotSent()].map((s) =>
      planOf(s),
    )) {
      const text = shown(draft, { ...PLAIN, unicode: false });
      expect(text).toMatch(/^[\n\u0020-\u007e]*$/);
      const commands = draft.steps.map(({ byHand }) => byHand);
      const long = text.split('\n').filter((line) => line.length > 80);
      expect(long.filter((line) => !commands.some((command) => line.includes(command)))).toEqual([]);
    }
  });
});

describe('a plan for programs', () => {
  it.each([stoppedWorker, firstDeployment, missingTopic, markedNotSent, poisonRecord])(
    'fits the published schema',
    (fault) => {
      const document = planDocument(sealed(planOf(fault())));
      expect(planSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    },
  );
});
