export interface PartitionEnds {
  readonly partition: number;
  readonly low: bigint;
  readonly high: bigint;
}

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  /** null: no committed offset. */
  readonly offset: bigint | null;
}

export interface GroupState {
  readonly state: string;
  readonly members: readonly { readonly memberId: string; readonly clientId: string; readonly host: string }[];
}

export interface LabRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RecordToSend {
  readonly key?: string;
  readonly value: string | null;
  readonly partition?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timestampMs?: number;
}

/** What the lab itself does to its broker, from the host. */
export interface LabKafka {
  topics(): Promise<readonly string[]>;
  createTopic(topic: string, partitions?: number, config?: Readonly<Record<string, string>>): Promise<void>;
  /** Returns once the topic is gone from the metadata. */
  deleteTopic(topic: string): Promise<void>;
  ends(topic: string): Promise<readonly PartitionEnds[]>;
  /** All records, or those of one partition, in order. */
  records(topic: string, partition?: number): Promise<readonly LabRecord[]>;
  send(topic: string, records: readonly RecordToSend[]): Promise<void>;
  group(groupId: string): Promise<GroupState>;
  waitForGroupState(groupId: string, state: string, timeoutMs?: number): Promise<void>;
  committed(groupId: string, topic: string): Promise<readonly CommittedOffset[]>;
  /** Explicit offsets; the group must be Empty or unknown. */
  commit(
    groupId: string,
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[],
  ): Promise<void>;
  /** Makes whoever is in it leave first. */
  deleteGroup(groupId: string): Promise<void>;
}
