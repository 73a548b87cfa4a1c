type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** The platform's production log: one JSON object a line, every level on stdout. */
export function openLog(service: string): Log {
  const write = (level: string, message: string, fields: Fields = {}): void => {
    const { message: second, ...rest } = fields;
    // The platform's logger appends a `message` among the fields to the text, which is where doubled texts come from.
    const text = second === undefined ? message : `${message} ${String(second)}`;
    const line = { level, message: text, service, timestamp: zonelessTime(new Date()), ...rest };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
  return {
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}

/** `YYYY-MM-DD HH:mm:ss` in the container's own zone, which the line does not name. */
function zonelessTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
