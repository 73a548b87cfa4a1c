/** Where a value came from, as `kc-doctor config` shows it: "--project", "kc-doctor.json", "environment", ".env.local", "Docker", "default". */
export interface SettingRow {
  readonly key: string;
  /** Secrets masked; "not set" where there is none. */
  readonly value: string;
  readonly source: string;
}
